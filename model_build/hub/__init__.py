"""Models of the Hugging Face hub, or of local folders in its layout, as ONNX: one loader for every kind.

`hub/load.py` is where to begin. It works wherever a hub can be reached; a local folder needs none.
"""
