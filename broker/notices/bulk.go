package notices

import "afield/broker/postgres"

// Listings are the queries for everything a library owns here.
func Listings() []postgres.Listing {
	return []postgres.Listing{
		{Name: "notices", SQL: `select id, patron_id as patron, kind, stage, channel, due_at as due, status, outcome, tries, facts,
			loan_id as loan, hold_id as hold, request_id as request, done_at as done, done_by, created_at as created
			from notices where library_id = $1 order by id`},
		{Name: "notice_texts", SQL: `select kind, stage, channel, language, subject, body, changed_at as changed
			from notice_templates where library_id = $1 order by 1, 2, 3, 4`},
	}
}
