"""The embedded AWS, with what CloudWatch on AWS does by itself and the emulator does not."""
