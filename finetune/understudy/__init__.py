"""Teaches the understudy: the tiny model that ships with greenroom and can play any persona in small talk."""
