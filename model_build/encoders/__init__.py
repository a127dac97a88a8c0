"""Pretrained text encoders: a text becomes a vector, as one ONNX graph with its tokeniser."""
