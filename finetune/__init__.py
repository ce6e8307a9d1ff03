"""Teaches the models: from scripts, chat logs and what happened on stage to a LoRA proven better."""
