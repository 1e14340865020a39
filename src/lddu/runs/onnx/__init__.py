"""A finished run as one .onnx file, which onnxruntime runs without lddu and without torch."""
