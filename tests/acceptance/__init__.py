"""The program from outside: commands, servers, kills."""
