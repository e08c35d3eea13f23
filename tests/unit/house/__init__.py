"""What holds of the whole project: its pins, names, files, contracts and documents."""
