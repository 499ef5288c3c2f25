"""What a model is used with that its file does not hold: `SegmentationModel.put_in_use`."""

IN_USE = ("shifts", "smooth_frames", "nearby_frames")
