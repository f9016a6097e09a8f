"""River's models of latent factors as recommenders, with bulk scoring of the whole catalogue."""
