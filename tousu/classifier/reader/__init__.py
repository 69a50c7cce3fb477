"""The careful reading: a small pretrained encoder read beside the n-grams, by onnxruntime and tokenizers."""
