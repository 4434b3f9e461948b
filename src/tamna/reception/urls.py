from django.urls import path

from tamna.reception import booking_views, exchange_views, hours_views, model_views, newcomer_views, views

app_name = "reception"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("receive", views.receive, name="receive"),
    path("tickets/<uuid:public_id>", views.ticket, name="ticket"),
    path("contact", views.contact, name="contact"),
    path("patients/new", newcomer_views.new_patient, name="new-patient"),
    path("patients/check", newcomer_views.check, name="check-newcomer"),
    path("patients/<uuid:public_id>/exchange", exchange_views.exchange, name="exchange"),
    path("messages/<int:message_id>", views.message, name="message"),
    path("board", views.board, name="board"),
    path("board/<str:code>", views.queue, name="queue"),
    path("board/<str:code>/call", views.call_next, name="call"),
    path("tickets/<int:ticket_id>/<str:step>", views.step, name="step"),
    path("bookings", views.bookings, name="bookings"),
    path("bookings/new", views.book, name="book"),
    path("bookings/<int:appointment_id>/cancel", views.cancel, name="cancel"),
    path("bookings/times", booking_views.month, name="times"),
    path("bookings/choose", booking_views.choose, name="choose"),
    path("bookings/times/<int:slot_id>", booking_views.chosen, name="chosen"),
    path("bookings/times/<int:slot_id>/confirm", booking_views.confirm, name="confirm"),
    path("bookings/times/<int:slot_id>/squeeze", booking_views.squeeze, name="squeeze"),
    path("bookings/<uuid:public_id>/calendar.ics", booking_views.calendar_file, name="calendar"),
    path("waiting", booking_views.waiting, name="waiting"),
    path("waiting/new", booking_views.wait_for, name="wait-for"),
    path("waiting/<int:request_id>/over", booking_views.wait_over, name="wait-over"),
    path("waiting/offers/<uuid:public_id>/<str:verdict>", booking_views.answer, name="answer"),
    path("models", model_views.models, name="models"),
    path("models/<str:key>/switch", model_views.switch, name="model-switch"),
    path("doctors", hours_views.doctors, name="doctors"),
    path("doctors/<int:practitioner_id>", hours_views.doctor, name="doctor"),
    path("doctors/<int:practitioner_id>/absence", hours_views.absence, name="absence"),
    path("doctors/<int:practitioner_id>/absence/<int:absence_id>/over", hours_views.absence_over, name="absence-over"),
]
