-- The statements as `tamna check` knows them, one query a table; %(ids)s: claims, %(today)s: day of a statement not yet sent.
-- 10,000 claims with 27,000 lines: index scans on claim_id, see docs/operate/scale.md for the figures.

-- name: claims
SELECT c.id AS key, c.claim_no AS claim_id, c.kind AS claim_kind, 'ffs' AS claim_type,
    CASE c.setting WHEN 'inpatient' THEN 'H010' ELSE 'H011' END AS form_code,
    c.insurer_kind, CASE c.insurer_kind WHEN '5' THEN right(c.payer, 1) END AS aid_type,
    CASE c.payer WHEN 'near_poor_1' THEN '1' WHEN 'near_poor_2' THEN '2' END AS near_poor,
    -- 공상등구분; the insurer does not tell E from F (disabled) [?]
    CASE c.payer WHEN 'near_poor_1' THEN 'C' WHEN 'near_poor_2' THEN 'E' END AS official_injury,
    CASE c.payer WHEN 'near_poor_1' THEN 'C' WHEN 'near_poor_2' THEN 'E' END AS copay_code,
    coalesce(h.institution_id, '') AS institution_id, coalesce(h.institution_class, 'general') AS institution_class,
    coalesce(h.area, 'dong') AS area, c.setting, d.code AS department, p.public_id::text AS patient_ref,
    nullif(v.card_no, '') AS card_no, p.birth_on AS birth_date, p.sex, c.first_visit_on,
    coalesce(e.discharged_on, e.business_on) AS last_service_on,
    coalesce((b.made_at AT TIME ZONE 'Asia/Seoul')::date, %(today)s) AS claim_on,
    e.admitted_on, e.discharged_on, CASE c.setting WHEN 'inpatient' THEN '9' ELSE '1' END AS result_code,
    CASE WHEN e.admitted_on IS NULL THEN 1
        ELSE greatest(1, coalesce(e.discharged_on, e.business_on) - c.first_visit_on) END AS visit_days,
    -- 요양급여일수: days of the stay, or of the drugs given out
    CASE WHEN e.admitted_on IS NULL
        THEN greatest(1, (SELECT max(l.days) FROM claims_claimline l WHERE l.claim_id = c.id AND l.code_kind = 'drug'))
        ELSE greatest(1, coalesce(e.discharged_on, e.business_on) - c.first_visit_on) END AS benefit_days,
    CASE WHEN e.admitted_on IS NOT NULL
        THEN greatest(1, coalesce(e.discharged_on, e.business_on) - e.admitted_on) END AS stay_days,
    r.license_no AS doctor_license, r.license_kind, nullif(e.special_case, '') AS special_code,
    e.special_case <> '' AS special_registered, v.special_to AS special_valid_to,
    nullif(v.special_case, '') AS registered_code, coalesce(NOT v.benefit_stopped, false) AS eligible_on_first_day,
    coalesce(v.benefit_stopped, false) AS benefit_stopped, e.ktas, c.setting = 'emergency' AS arrived_by_er,
    c.total_won AS total_amount, c.patient_won AS patient_share, c.insurer_won AS insurer_share,
    -- for the check alone; the agency does not receive these
    (SELECT CASE WHEN right(i.tail, 1) IN ('1', '3', '5', '7', '9') THEN 'M' ELSE 'F' END
        FROM patients_identity i WHERE i.patient_id = p.id AND i.kind IN ('rrn', 'foreigner') AND i.tail ~ '-[0-9]$'
        ORDER BY i.id LIMIT 1) AS sex_from_number,
    -- car and industrial insurers are not asked by way of the eligibility service
    CASE WHEN c.insurer_kind IN ('4', '5', '7') THEN v.insurer_kind END AS eligibility_insurer_kind,
    p.deceased_on AS died_on, replace(h.emergency, 'center', 'centre') AS institution_emergency_class,
    CASE c.setting WHEN 'emergency'
        THEN round(extract(epoch FROM e.finished_at - e.arrived_at) / 3600, 2)::float8 END AS hours_in_er,
    EXISTS (SELECT FROM claims_infectionreport n WHERE n.encounter_id = e.id) AS infection_reported
FROM claims_claim c
    JOIN reception_encounter e ON e.id = c.encounter_id
    JOIN patients_patient p ON p.id = e.patient_id
    JOIN core_department d ON d.id = c.department_id
    LEFT JOIN patients_coverage v ON v.id = e.coverage_id
    LEFT JOIN core_practitioner r ON r.id = e.practitioner_id
    LEFT JOIN claims_batch b ON b.id = c.batch_id
    LEFT JOIN core_hospital h ON true
WHERE c.id = ANY(%(ids)s)
ORDER BY c.id

-- name: lines
SELECT l.claim_id AS key, l.line_no, l.item_class, l.item_sub, l.code_kind, l.code,
    (l.service_at AT TIME ZONE 'Asia/Seoul')::date AS service_on,
    date_trunc('minute', l.service_at AT TIME ZONE 'Asia/Seoul') AS service_at,
    l.unit_won AS unit_price, l.dose::float8 AS dose, l.times_per_day::float8 AS times_per_day, l.days,
    l.quantity::float8 AS quantity, l.amount_won AS amount,
    -- the add-ons inside a unit price (가산), as the price's own steps say; the rate is the class add-on's alone
    coalesce((jsonb_path_query_first(g.steps, '$[*] ? (@.label == "price.class_add_on").value') #>> '{}')::float8, 0)
        AS add_on_rate,
    coalesce(g.steps @? '$[*] ? (@.label == "price.night")', false) AS night_add_on,
    -- the same step is the add-on of anaesthesia from 70 years
    coalesce(g.steps @? '$[*] ? (@.label == "price.age")', false)
        AND extract(year FROM age((l.service_at AT TIME ZONE 'Asia/Seoul')::date, p.birth_on)) < 6 AS child_add_on,
    CASE WHEN l.benefit LIKE 'selective%%' THEN 'selective' WHEN l.benefit IN ('full_self', 'non_covered') THEN 'full_self'
        ELSE 'partial' END AS copay_kind,
    CASE WHEN l.benefit LIKE 'selective%%' THEN substr(l.benefit, 10)::int END AS selective_rate,
    nullif(l.note_code, '') AS note_code, nullif(l.note_text, '') AS note_text
FROM claims_claimline l
    JOIN claims_claim c ON c.id = l.claim_id
    JOIN reception_encounter e ON e.id = c.encounter_id
    JOIN patients_patient p ON p.id = e.patient_id
    LEFT JOIN billing_chargeitem g ON g.id = l.charge_id
WHERE l.claim_id = ANY(%(ids)s)
ORDER BY l.claim_id, l.line_no

-- name: diagnoses
SELECT c.id AS key, s.seq, s.kind, s.code, s.onset_on, d.code AS department
FROM claims_claim c
    JOIN reception_condition s ON s.encounter_id = c.encounter_id
    JOIN core_department d ON d.id = c.department_id
WHERE c.id = ANY(%(ids)s)
ORDER BY c.id, s.seq

-- name: orders
-- An order in force counts as carried out; what was charged in error or is not covered stands on no statement.
SELECT c.id AS key, coalesce(g.code, m.fee_code, o.code) AS code,
    (coalesce(g.service_at, o.ordered_at) AT TIME ZONE 'Asia/Seoul')::date AS done_on
FROM claims_claim c
    JOIN reception_servicerequest o ON o.encounter_id = c.encounter_id AND o.status = 'active'
    LEFT JOIN billing_chargeitem g ON g.service_request_id = o.id
    LEFT JOIN LATERAL (
        SELECT fee_code FROM billing_ordercode
        WHERE order_code = o.code AND valid_from <= (o.ordered_at AT TIME ZONE 'Asia/Seoul')::date
        ORDER BY valid_from DESC LIMIT 1
    ) m ON g.id IS NULL
WHERE c.id = ANY(%(ids)s)
    AND (g.id IS NULL OR (g.status <> 'entered-in-error' AND g.benefit NOT IN ('non_covered', 'full_self')))
ORDER BY c.id, o.id

-- name: of_patients
SELECT c.id FROM claims_claim c JOIN reception_encounter e ON e.id = c.encounter_id
WHERE c.status NOT IN ('withdrawn', 'corrected') AND e.patient_id IN (
    SELECT own.patient_id FROM claims_claim o JOIN reception_encounter own ON own.id = o.encounter_id WHERE o.id = ANY(%(ids)s)
)

-- name: of_days
-- Statements with physical therapy on a day on which one of these has some; by the index therapy_by_day.
SELECT DISTINCT other.claim_id
FROM (
    SELECT DISTINCT (service_at AT TIME ZONE 'Asia/Seoul')::date AS day FROM claims_claimline
    WHERE claim_id = ANY(%(ids)s) AND item_class = '06'
) asked
    JOIN claims_claimline other ON other.item_class = '06'
        AND other.service_at >= asked.day::timestamp AT TIME ZONE 'Asia/Seoul'
        AND other.service_at < (asked.day + 1)::timestamp AT TIME ZONE 'Asia/Seoul'
    JOIN claims_claim c ON c.id = other.claim_id AND c.status <> 'withdrawn'
