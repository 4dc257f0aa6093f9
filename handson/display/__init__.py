"""What a picture shows, decided once for the page, the figures and the PNG; knows no widget and no figure."""
