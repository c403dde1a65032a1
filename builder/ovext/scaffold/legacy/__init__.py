"""The tree of the Model Extension Generator of 2018 to 2020, from its flags, questions and JSON."""
