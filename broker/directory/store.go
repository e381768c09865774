package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/postgres"
)

// Tables owned here: sharing_groups, libraries, symbols, branches, closures,
// library_groups, group_members, tiers, lending_terms, peers.

const selectLibraries = `
	select l.id, l.name, l.kind, l.member, coalesce(l.state, '') as state, l.country, l.latitude, l.longitude,
	       l.time_zone, l.currency, l.sharing_group_id, coalesce(l.policy, '') as policy, l.calendar, l.status,
	       l.yearly_loans, coalesce(l.source_key, '') as source_key,
	       (select ` + closedDays + `
	        where c.library_id = l.id and c.branch_id is null and ` + closing + `) as closures,
	       (select jsonb_agg(jsonb_build_object('kind', n.kind, 'prefix', n.prefix, 'length', n.length) order by n.library_id, n.position)
	        from libraries s join number_patterns n on n.library_id = s.id where s.sharing_group_id = l.sharing_group_id) as numbers
	from libraries l`

// closedDays gives the days of the closures c of a library l. One that was
// cancelled has closed the days that passed while it stood: nobody could have
// come on them, whatever is said afterwards. closing leaves out those without
// such days.
const (
	closedDays = `jsonb_agg(jsonb_build_object('from', c.from_on, 'reason', c.reason, 'kind', c.kind,
	            'to', least(c.to_on, (c.cancelled_at at time zone l.time_zone)::date - 1)) order by c.from_on, c.id) from closures c`
	closing = `(c.cancelled_at is null or (c.from_on < (c.cancelled_at at time zone l.time_zone)::date
	            and coalesce((c.put_at at time zone l.time_zone)::date < (c.cancelled_at at time zone l.time_zone)::date, true)))`
)

// storedClosures reads what closedDays gives.
func storedClosures(data []byte) ([]calendar.Closure, error) {
	var stored []struct {
		calendar.Closure
		Kind ClosureKind `json:"kind"`
	}
	if err := fromJSON(data, &stored); err != nil {
		return nil, err
	}
	closures := make([]calendar.Closure, len(stored))
	for i, one := range stored {
		closures[i] = one.Closure
		closures[i].Unforeseen, closures[i].Free = one.Kind.Unforeseen(), one.Kind == ClosureEmergency
	}
	return closures, nil
}

// Load reads one library; a not-found error when there is none.
func Load(ctx context.Context, tx *postgres.Tx, id broker.ID) (Library, error) {
	return oneLibrary(ctx, tx, `where l.id = $1`, id)
}

// BySymbol reads the library that has a symbol; a not-found error when none has.
func BySymbol(ctx context.Context, tx *postgres.Tx, symbol broker.Symbol) (Library, error) {
	symbol = broker.NewSymbol(symbol.Namespace, symbol.Value)
	return oneLibrary(ctx, tx, `where l.id = (select library_id from symbols where namespace = $1 and value = $2)`,
		symbol.Namespace, symbol.Value)
}

// Named reads the library that a symbol or an id names; a not-found error when none
// does.
func Named(ctx context.Context, tx *postgres.Tx, name string) (Library, error) {
	if id, err := broker.ParseID("library", name); err == nil {
		return Load(ctx, tx, id)
	}
	symbol, _ := broker.ParseSymbol(name) // a malformed symbol is simply not found
	return BySymbol(ctx, tx, symbol)
}

// LoadMany reads libraries by id; ids that name none are left out.
func LoadMany(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]Library, error) {
	found := make(map[broker.ID]Library, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	libraries, err := queryLibraries(ctx, tx, selectLibraries+` where l.id = any($1)`, ids)
	for _, library := range libraries {
		found[library.ID] = library
	}
	return found, err
}

// Members lists the ids of the libraries that work in this Afield, in order of
// id. Use it to Widen a transaction that looks for copies.
func Members(ctx context.Context, tx *postgres.Tx) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `select id from libraries where member and kind = 'library' order by id`)
}

// SharedWith lists the libraries of a sharing group, in order of id.
func SharedWith(ctx context.Context, tx *postgres.Tx, group broker.ID) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `select id from libraries where sharing_group_id = $1 order by id`, group)
}

func oneLibrary(ctx context.Context, tx *postgres.Tx, where string, args ...any) (Library, error) {
	libraries, err := queryLibraries(ctx, tx, selectLibraries+" "+where, args...)
	if err != nil {
		return Library{}, err
	}
	if len(libraries) == 0 {
		return Library{}, broker.NotFound("library")
	}
	return libraries[0], nil
}

type libraryRow struct {
	ID             broker.ID
	Name           string
	Kind           Kind
	Member         bool
	State, Country string
	Latitude       *float64
	Longitude      *float64
	TimeZone       string
	Currency       string
	SharingGroupID broker.ID
	Policy         string
	Calendar       []byte
	Status         Status
	YearlyLoans    *int64
	SourceKey      string
	Closures       []byte
	Numbers        []byte
}

func queryLibraries(ctx context.Context, tx *postgres.Tx, sql string, args ...any) ([]Library, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read libraries: %w", err)
	}
	read, err := pgx.CollectRows(rows, pgx.RowToStructByName[libraryRow])
	if err != nil {
		return nil, fmt.Errorf("read libraries: %w", err)
	}
	calendars := calendarMaker{}
	libraries := make([]Library, len(read))
	for i, row := range read {
		if libraries[i], err = row.library(calendars); err != nil {
			return nil, fmt.Errorf("library %s: %w", row.ID, err)
		}
	}
	return libraries, nil
}

func (r libraryRow) library(calendars calendarMaker) (Library, error) {
	library := Library{
		ID: r.ID, Name: r.Name, Kind: r.Kind, Member: r.Member, State: r.State, Country: r.Country,
		Latitude: r.Latitude, Longitude: r.Longitude, Currency: r.Currency, SharingGroup: r.SharingGroupID,
		Policy: r.Policy, Status: r.Status, YearlyLoans: r.YearlyLoans, SourceKey: r.SourceKey,
	}
	if err := fromJSON(r.Calendar, &library.Plan); err != nil {
		return Library{}, err
	}
	if err := fromJSON(r.Numbers, &library.Numbers); err != nil {
		return Library{}, err
	}
	closures, err := storedClosures(r.Closures)
	if err != nil {
		return Library{}, err
	}
	library.Calendar, err = calendars.make(r.TimeZone, library.Plan, closures)
	if err == nil {
		library.Zone = library.Calendar.Zone()
	}
	return library, err
}

// calendarMaker makes the calendars of many libraries; those that stated no hours
// share one for each zone, because loading a zone costs more than reading the
// row.
type calendarMaker map[string]*calendar.Calendar

func (m calendarMaker) make(zone string, plan calendar.Plan, closures []calendar.Closure) (*calendar.Calendar, error) {
	plain := len(plan.Hours)+len(plan.Closed)+len(plan.Special)+len(closures) == 0
	if known := m[zone]; plain && known != nil {
		return known, nil
	}
	made, err := calendar.New(zone, plan, closures...)
	if plain && err == nil {
		m[zone] = made
	}
	return made, err
}

// Symbols lists a library's symbols, the preferred one first.
func Symbols(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]broker.Symbol, error) {
	all, err := SymbolsOf(ctx, tx, []broker.ID{library})
	return all[library], err
}

// Symbol gives a library's preferred symbol; a not-found error when it has none.
func Symbol(ctx context.Context, tx *postgres.Tx, library broker.ID) (broker.Symbol, error) {
	symbols, err := Symbols(ctx, tx, library)
	if err != nil {
		return broker.Symbol{}, err
	}
	if len(symbols) == 0 {
		return broker.Symbol{}, broker.NotFound("symbol of the library")
	}
	return symbols[0], nil
}

// SymbolsOf lists the symbols of many libraries, each with the preferred first.
func SymbolsOf(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID][]broker.Symbol, error) {
	rows, err := tx.Query(ctx, `select library_id, namespace, value from symbols where library_id = any($1)`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read symbols: %w", err)
	}
	all := map[broker.ID][]broker.Symbol{}
	var library broker.ID
	var symbol broker.Symbol
	_, err = pgx.ForEachRow(rows, []any{&library, &symbol.Namespace, &symbol.Value}, func() error {
		all[library] = append(all[library], symbol)
		return nil
	})
	for _, symbols := range all {
		SortSymbols(symbols)
	}
	return all, err
}

// Branches lists a library's branches by code, each with its calendar.
func Branches(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]Branch, error) {
	rows, err := tx.Query(ctx, `
		select b.id, b.code, b.name, coalesce(b.policy, ''), b.calendar, l.calendar, l.time_zone,
		       (select `+closedDays+`
		        where c.library_id = b.library_id and (c.branch_id is null or c.branch_id = b.id) and `+closing+`)
		from branches b join libraries l on l.id = b.library_id
		where b.library_id = $1 order by b.code`, library)
	if err != nil {
		return nil, fmt.Errorf("read branches: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Branch, error) {
		branch := Branch{Library: library}
		var own, general, shut []byte
		var zone string
		if err := row.Scan(&branch.ID, &branch.Code, &branch.Name, &branch.Policy, &own, &general, &zone, &shut); err != nil {
			return Branch{}, err
		}
		var plan calendar.Plan
		if err := fromJSON(general, &plan); err != nil {
			return Branch{}, err
		}
		if own != nil {
			plan = calendar.Plan{}
			if err := fromJSON(own, &plan); err != nil {
				return Branch{}, err
			}
			branch.Plan = &plan
		}
		closures, err := storedClosures(shut)
		if err != nil {
			return Branch{}, err
		}
		branch.Calendar, err = calendar.New(zone, plan, closures...)
		return branch, err
	})
}

// Tiers lists the tiers of a library, nearest first.
func Tiers(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]Tier, error) {
	rows, err := tx.Query(ctx, `
		select position, name, members, group_id, states, cost_rule, days_to_respond, fulfilment
		from tiers where library_id = $1 order by position`, library)
	if err != nil {
		return nil, fmt.Errorf("read tiers: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Tier, error) {
		var tier Tier
		err := row.Scan(&tier.Position, &tier.Name, &tier.Members, &tier.Group, &tier.States, &tier.CostRule,
			&tier.DaysToRespond, &tier.Fulfilment)
		return tier, err
	})
}

// Terms gives the lending terms of libraries; one that never stated any gets
// UsualTerms in its own currency. Ids that name no library are left out.
func Terms(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID]LendingTerms, error) {
	rows, err := tx.Query(ctx, `
		select l.id, l.currency, t.library_id is not null, coalesce(t.lends, true), t.formats, coalesce(t.loan_days, 0),
		       coalesce(t.renewals, 0), coalesce(t.fee_minor, 0), coalesce(t.currency, l.currency),
		       coalesce(t.free_in_state, true), t.free_groups, t.paused_from, t.paused_until
		from libraries l left join lending_terms t on t.library_id = l.id where l.id = any($1)`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read lending terms: %w", err)
	}
	all := make(map[broker.ID]LendingTerms, len(libraries))
	for rows.Next() {
		var terms LendingTerms
		var currency string
		err := rows.Scan(&terms.Library, &currency, &terms.Known, &terms.Lends, &terms.Formats, &terms.LoanDays, &terms.Renewals,
			&terms.Fee.Minor, &terms.Fee.Currency, &terms.FreeInState, &terms.FreeGroups, &terms.PausedFrom, &terms.PausedUntil)
		if err != nil {
			rows.Close()
			return nil, fmt.Errorf("read lending terms: %w", err)
		}
		if !terms.Known {
			terms = UsualTerms(terms.Library, currency)
		}
		all[terms.Library] = terms
	}
	return all, rows.Err()
}

// GroupsOf gives the ids of the groups each library belongs to.
func GroupsOf(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID][]broker.ID, error) {
	rows, err := tx.Query(ctx, `
		select library_id, group_id from group_members where library_id = any($1) order by group_id`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	all := map[broker.ID][]broker.ID{}
	var library, group broker.ID
	_, err = pgx.ForEachRow(rows, []any{&library, &group}, func() error {
		all[library] = append(all[library], group)
		return nil
	})
	return all, err
}

func queryIDs(ctx context.Context, tx *postgres.Tx, sql string, args ...any) ([]broker.ID, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read libraries: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[broker.ID])
}

func fromJSON(data []byte, into any) error {
	if len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, into)
}

func zoneName(zone *time.Location) string {
	if zone == nil {
		return "UTC"
	}
	return zone.String()
}
