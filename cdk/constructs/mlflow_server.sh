#!/bin/bash
# First boot of the tracking server. Words between @ signs are filled in by mlflow_server.py.
set -euo pipefail

# 1 GB of memory is tight for MLflow: 400 to 700 MB when idle.
if [ ! -f /swapfile ]; then
  dd if=/dev/zero of=/swapfile bs=1M count=2048 status=none
  chmod 600 /swapfile
  mkswap /swapfile
  echo '/swapfile none swap defaults 0 0' >> /etc/fstab
fi
swapon -a

dnf install -y python3.11 python3.11-pip
id mlflow 2>/dev/null || useradd --system --create-home --home-dir /var/lib/mlflow --shell /sbin/nologin mlflow
mkdir -p /opt/mlflow
cat > /opt/mlflow/constraints.txt <<'CONSTRAINTS'
@CONSTRAINTS@
CONSTRAINTS
python3.11 -m venv /opt/mlflow/venv
/opt/mlflow/venv/bin/pip install --quiet --no-cache-dir --constraint /opt/mlflow/constraints.txt mlflow boto3

# The runs are in a SQLite file. A copy in S3 outlives the machine, which a newer AMI replaces.
cat > /opt/mlflow/backup.py <<'BACKUP'
import os, sqlite3, sys
import boto3

BUCKET, KEY = "@BUCKET@", "mlflow/backup/mlflow.db"
DATABASE, COPY = "/var/lib/mlflow/mlflow.db", "/var/lib/mlflow/backup.db"
s3 = boto3.client("s3", region_name="@REGION@")

if sys.argv[1] == "restore":
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=KEY).get("Contents", [])
    if listed and not os.path.exists(DATABASE):
        s3.download_file(BUCKET, KEY, DATABASE)
elif os.path.exists(DATABASE) and (
    not os.path.exists(COPY) or os.path.getmtime(DATABASE) > os.path.getmtime(COPY)
):
    source, copy = sqlite3.connect(DATABASE), sqlite3.connect(COPY)
    source.backup(copy)
    copy.close()
    s3.upload_file(COPY, BUCKET, KEY)
BACKUP
runuser -u mlflow -- /opt/mlflow/venv/bin/python /opt/mlflow/backup.py restore

cat > /etc/systemd/system/mlflow.service <<'UNIT'
[Unit]
Description=MLflow tracking server, for SSM port forwarding only
After=network-online.target
Wants=network-online.target

[Service]
User=mlflow
WorkingDirectory=/var/lib/mlflow
Environment=AWS_DEFAULT_REGION=@REGION@
Environment=MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
ExecStart=/opt/mlflow/venv/bin/mlflow server --host 127.0.0.1 --port @PORT@ --workers 1 \
  --allowed-hosts localhost:@PORT@,127.0.0.1:@PORT@ \
  --backend-store-uri sqlite:////var/lib/mlflow/mlflow.db \
  --serve-artifacts --artifacts-destination s3://@BUCKET@/mlflow/artifacts
ExecStopPost=/opt/mlflow/venv/bin/python /opt/mlflow/backup.py save
Restart=on-failure
RestartSec=10
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=strict
ProtectHome=true
ReadWritePaths=/var/lib/mlflow

[Install]
WantedBy=multi-user.target
UNIT

cat > /etc/systemd/system/mlflow-backup.service <<'UNIT'
[Unit]
Description=Copy the MLflow database to S3 when it has changed

[Service]
Type=oneshot
User=mlflow
ExecStart=/opt/mlflow/venv/bin/python /opt/mlflow/backup.py save
UNIT

cat > /etc/systemd/system/mlflow-backup.timer <<'UNIT'
[Unit]
Description=Copy the MLflow database to S3 every hour

[Timer]
OnBootSec=1h
OnUnitActiveSec=1h

[Install]
WantedBy=timers.target
UNIT

systemctl daemon-reload
systemctl enable --now mlflow.service mlflow-backup.timer
