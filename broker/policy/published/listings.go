package published

import "afield/broker/postgres"

// Listings are the queries for everything a library owns here: every version of
// its documents that was published.
func Listings() []postgres.Listing {
	return []postgres.Listing{
		{Name: "policies", SQL: `select v.policy, v.number, v.effective_on, v.text, v.published_by, v.published_at
			from policy_versions v where v.library_id = $1
				or v.policy = (select policy from libraries where id = $1)
				or v.policy in (select policy from branches where library_id = $1) order by 1, 2`},
	}
}
