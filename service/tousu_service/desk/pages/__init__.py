"""The pages, thin: what they do is done by functions of ``desk/store``."""
