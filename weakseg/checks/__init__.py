"""What a data set holds, and what will go wrong with it in an experiment."""
