"""All PyMongo is here: documents and ObjectIds stay inside, models and strings go out."""
