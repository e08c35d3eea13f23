"""How a model is reached: chat models of langchain-core, asked for bounded JSON and never trusted."""
