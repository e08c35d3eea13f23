"""A campaign of kills: workers that die, sleep and race, on a server that lies about what it did."""
