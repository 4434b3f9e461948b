from django.urls import path

from tamna.insight import views

app_name = "insight"
urlpatterns = [path("", views.director, name="director"), path("figures/<str:key>", views.figure, name="figure")]
