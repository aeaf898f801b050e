"""The forms that the schema of a store has had, each as the step from the one before; run by Alembic."""
