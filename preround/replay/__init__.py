"""Scenarios played on a stage of their own, recorded on tape, and compared with what they gave before."""
