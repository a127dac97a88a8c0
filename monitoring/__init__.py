"""What a team with a Prometheus and a Grafana of its own imports; docs/prometheus.md says how."""
