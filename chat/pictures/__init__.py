"""Pictures that users send: decoded and written anew, in processes of their own."""
