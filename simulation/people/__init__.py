"""People: who works, on what, what they are paid and by which plans."""
