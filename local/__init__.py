"""The laptop: the same CDK app, deployed into an AWS emulator that runs beside it."""
