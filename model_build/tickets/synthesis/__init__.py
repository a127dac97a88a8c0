"""How synthetic tickets are made: phrases, customers, writing habits, time, noise and population shifts."""
