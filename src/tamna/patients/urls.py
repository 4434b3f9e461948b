from django.urls import path

from tamna.patients import access_views, consent_views, document_views, keeping_views, merge_views, views

app_name = "patients"
urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:public_id>", views.detail, name="detail"),
    path("<uuid:public_id>/elsewhere", views.elsewhere, name="elsewhere"),
    path("<uuid:public_id>/open", views.open_restricted, name="open"),
    path("<uuid:public_id>/consents", consent_views.consents_of, name="consents"),
    path("<uuid:public_id>/consents/<str:purpose>", consent_views.ask, name="consent"),
    path("<uuid:public_id>/consents/<str:purpose>/withdraw", consent_views.withdraw, name="withdraw"),
    path("<uuid:public_id>/same", merge_views.same, name="same"),
    path("<uuid:public_id>/same/<uuid:other_id>", merge_views.compare, name="compare"),
    path("<uuid:public_id>/seen-by", access_views.seen_by, name="seen-by"),
    path("<uuid:public_id>/seen-by/paper", access_views.seen_by_paper, name="seen-by-paper"),
    path("<uuid:public_id>/documents", document_views.documents_of, name="documents"),
    path("documents/<uuid:public_id>", document_views.document, name="document"),
    path("documents/<uuid:public_id>/file", document_views.content, name="document-file"),
    path("documents/<uuid:public_id>/class", document_views.sort, name="sort-document"),
    path("documents/<uuid:public_id>/extend", document_views.extend, name="extend-document"),
    path("documents", document_views.sorting, name="sorting"),
    path("disposals", keeping_views.disposals, name="disposals"),
    path("disposals/<uuid:public_id>", keeping_views.disposal, name="disposal"),
    path("disposals/<uuid:public_id>/certificate", keeping_views.certificate, name="disposal-certificate"),
    path("holds", keeping_views.hold, name="hold"),
    path("holds/<int:hold_id>/lift", keeping_views.lift, name="lift"),
    path("access", access_views.reviews, name="access-reviews"),
    path("access/make", access_views.make_review, name="make-review"),
    path("access/<str:month>", access_views.one_review, name="access-review"),
    path("merges", merge_views.merges, name="merges"),
    path("merges/<uuid:public_id>/undo", merge_views.undo, name="unmerge"),
    path("consents/<uuid:public_id>", consent_views.answered, name="consent-answered"),
    path("identities/<int:identity_id>/reveal", views.reveal, name="reveal"),
    path("visits/<uuid:public_id>", views.visit, name="visit"),
    path("visits/<uuid:public_id>/why/<str:key>", views.why, name="why"),
]
