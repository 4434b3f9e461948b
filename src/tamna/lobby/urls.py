from django.urls import path

from tamna.lobby import board_views, consent_views, kiosk_views, phone_views, views

app_name = "lobby"
urlpatterns = [
    path("enrol/<str:sealed>", views.enrol, name="enrol"),
    path("language", views.language, name="language"),
    path("kiosk", kiosk_views.kiosk, name="kiosk"),
    path("kiosk/worker.js", kiosk_views.worker, name="kiosk-worker"),
    path("kiosk/who", kiosk_views.who, name="kiosk-who"),
    path("kiosk/contact", kiosk_views.contact, name="kiosk-contact"),
    path("kiosk/receive", kiosk_views.receive, name="kiosk-receive"),
    path("kiosk/help", kiosk_views.help_me, name="kiosk-help"),
    path("board", board_views.board, name="board"),
    path("board/now", board_views.now, name="board-now"),
    path("p/<str:sealed>", phone_views.enter, name="enter"),
    path("me", phone_views.me, name="me"),
    path("me/turn", phone_views.turn, name="turn"),
    path("me/bills/<uuid:public_id>", phone_views.receipt, name="receipt"),
    path("me/consents", consent_views.consents_of_me, name="consents"),
    path("me/consents/<str:purpose>", consent_views.answer, name="consent"),
    path("me/consents/<str:purpose>/withdraw", consent_views.withdraw, name="withdraw"),
    path("me/manifest.json", phone_views.manifest, name="manifest"),
    path("me/worker.js", phone_views.worker, name="phone-worker"),
]
