"""The commands of training: train, evaluate."""
