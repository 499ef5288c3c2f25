from weakseg.segmenter import load_model as load_model

__all__ = ["load_model"]
