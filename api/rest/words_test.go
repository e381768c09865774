package rest_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/jackc/pgx/v5"

	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow"
)

// words says where a closed set of words in the contract comes from: the
// constants of a type (or, after a colon, those declared beside one), the check
// of a column, or both. A set that only the contract has is answered word by word
// in api.
type words struct {
	typed, column string
	// less are words of the source that the contract leaves out there; more those it
	// has besides.
	less, more []string
}

// inContract has every closed set of the contract, by its place in the document.
var inContract = map[string]words{
	"Format":                        {typed: "broker.Format"},
	"Order":                         {},
	"OwnState":                      {typed: "workflow.Borrowing"},
	"LendingState":                  {typed: "workflow.Lending"},
	"RequestState":                  {typed: "workflow.States"},
	"Event.from_state":              {typed: "workflow.States", more: []string{""}},
	"Queue":                         {typed: "workflow.Queue"},
	"Custody":                       {typed: "workflow.Custody", column: "request_items.custody"},
	"ChargeKind":                    {typed: "broker/ledger:Overdue"},
	"NoticeKind":                    {typed: "broker/notices.Kind"},
	"NightlyStep":                   {typed: "workflow/nightly"},
	"DeskAct.kind":                  {typed: "broker/acts.Kind", column: "desk_acts.kind"},
	"CardNeed":                      {typed: "broker/policy/attributes.CardNeed", less: []string{"paid_in_full", "guardian_in_good_standing"}},
	"TellBy":                        {typed: "broker/notices.Channel", column: "notices.channel", less: []string{"call_list"}},
	"Reason.may_override[]":         {typed: "broker/access:RoleDesk"},
	"PolicyRule.override[]":         {typed: "broker/access:RoleDesk"},
	"Me.roles[]":                    {typed: "broker/access:RoleDesk"},
	"InvitationAccepted.roles[]":    {typed: "broker/access:RoleDesk"},
	"StaffMember.roles[]":           {typed: "broker/access:RoleDesk"},
	"StaffMember.status":            {},
	"SetUpStep.step":                {typed: "broker/consortium.StepName"},
	"NewStaff.roles[]":              {typed: "broker/access:RoleDesk"},
	"StaffChange.roles[]":           {typed: "broker/access:RoleDesk"},
	"Me.kind":                       {typed: "broker/access.Kind", column: "access_tokens.kind"},
	"SignIn.kind":                   {typed: "broker/access.Kind", less: []string{"program"}},
	"Actor.kind":                    {typed: "broker.ActorKind"},
	"NewRequest.service":            {column: "requests.service"},
	"RequestSummary.service":        {column: "requests.service"},
	"Request.service":               {column: "requests.service"},
	"Asked.service":                 {column: "requests.service"},
	"Request.copyright":             {column: "requests.copyright"},
	"NewRequest.channel":            {typed: "broker/policy/rule.Channel", less: []string{"online"}},
	"NewHold.channel":               {typed: "broker/policy/rule.Channel"},
	"Hold.channel":                  {typed: "broker/policy/rule.Channel"},
	"Renewal.channel":               {typed: "broker/policy/rule.Channel"},
	"RequestSummary.side":           {typed: "workflow.Side"},
	"Request.side":                  {typed: "workflow.Side"},
	"WorkflowTable.side":            {typed: "workflow.Side"},
	"StuckRequest.side":             {typed: "workflow.Side"},
	"StuckRequest.owner":            {typed: "workflow.Owner", column: "requests.owner"},
	"StuckRequest.why":              {typed: "workflow/requests.Why"},
	"RequestSummary.owner":          {typed: "workflow.Owner", column: "requests.owner"},
	"Request.owner":                 {typed: "workflow.Owner", column: "requests.owner"},
	"Deadline.kind":                 {typed: "workflow.DeadlineKind"},
	"FormField.type":                {typed: "workflow.FieldType"},
	"RotaEntry.status":              {typed: "workflow/requests/engine.EntryStatus", column: "rota_entries.status"},
	"RotaEntry.fulfilment":          {typed: "broker/directory.Fulfilment", column: "rota_entries.fulfilment"},
	"Request.fulfilment":            {typed: "broker/directory.Fulfilment", column: "requests.fulfilment"},
	"LikelyLender.fulfilment":       {typed: "broker/directory.Fulfilment"},
	"Tier.fulfilment":               {typed: "broker/directory.Fulfilment", column: "tiers.fulfilment"},
	"Tier.members":                  {typed: "broker/directory.TierMembers", column: "tiers.members"},
	"Tier.cost_rule":                {typed: "broker/directory.CostRule", column: "tiers.cost_rule"},
	"Library.kind":                  {typed: "broker/directory.Kind", column: "libraries.kind"},
	"Library.status":                {typed: "broker/directory.Status", column: "libraries.status"},
	"LendingTerms.formats[]":        {typed: "broker.Format"},
	"Message.kind":                  {typed: "connectors.Kind"},
	"Message.direction":             {column: "messages.direction"},
	"Message.status":                {column: "messages.status"},
	"PartnerMessage.kind":           {typed: "connectors.Kind", less: []string{"status_request", "status"}}, // only ISO 18626 has these
	"PartnerMessage.service":        {column: "requests.service"},
	"PartnerMessage.copyright":      {column: "requests.copyright"},
	"NewNote.audience":              {typed: "workflow/requests.Audience", column: "request_notes.audience"},
	"Note.audience":                 {typed: "workflow/requests.Audience", column: "request_notes.audience"},
	"Scan.mode":                     {},
	"ScanResult.did":                {},
	"Loan.status":                   {typed: "broker/loans.Status", column: "loans.status"},
	"Loan.lost_how":                 {typed: "broker/loans.LostHow", column: "loans.lost_how"},
	"LoanClaim.kind":                {typed: "broker/loans.ClaimKind", column: "claims.kind"},
	"LoanClaim.status":              {typed: "broker/loans.ClaimStatus", column: "claims.status"},
	"NewClaim.kind":                 {typed: "broker/loans.ClaimKind", column: "claims.kind"},
	"ClaimAnswer.status":            {typed: "broker/loans.ClaimStatus", less: []string{"asked_owner", "found_in_library", "found_by_patron"}},
	"Posting.kind":                  {typed: "broker/ledger.Kind", column: "ledger_entries.kind"},
	"LedgerEntry.kind":              {typed: "broker/ledger.Kind", column: "ledger_entries.kind"},
	"LedgerLine.kind":               {typed: "broker/ledger.Kind", column: "ledger_entries.kind"},
	"TillEntry.kind":                {typed: "broker/ledger.Kind", less: []string{"charge", "waiver", "lapse"}, more: []string{"voucher"}},
	"NewFee.kind":                   {typed: "broker/ledger:Overdue", less: []string{"overdue", "ill_fee", "lost", "processing", "postage", "credit"}},
	"NewInvoice.kind":               {typed: "broker/ledger.InvoiceKind", column: "library_invoices.kind"},
	"Invoice.kind":                  {typed: "broker/ledger.InvoiceKind", column: "library_invoices.kind"},
	"Invoice.status":                {typed: "broker/ledger.InvoiceStatus", column: "library_invoices.status"},
	"listInvoices?status":           {typed: "broker/ledger.InvoiceStatus", column: "library_invoices.status"},
	"listInvoices?side":             {},
	"Voucher.status":                {},
	"Hold.status":                   {typed: "broker/holds.Status", column: "holds.status"},
	"Clearing.next_act":             {typed: "broker/standing.NextAct", less: []string{"", "give_to_patron", "ship_to_borrower"}},
	"Clearing.action":               {typed: "broker/policy/attributes.ExpiryAction"},
	"Slip.kind":                     {},
	"TransitSlip.why":               {},
	"Journey.why":                   {},
	"listShelf?due":                 {},
	"listHolds?status":              {typed: "broker/holds.Status", column: "holds.status"},
	"listItems?status":              {typed: "broker/catalog.ItemStatus", column: "items.status"},
	"StrandedHold.copies[]":         {},
	"Copy.audience":                 {column: "items.audience"},
	"Item.audience":                 {column: "items.audience"},
	"NewItem.audience":              {column: "items.audience"},
	"ItemChanges.audience":          {column: "items.audience"},
	"Item.age_mark":                 {column: "items.age_mark", less: []string{""}},
	"NewItem.age_mark":              {column: "items.age_mark", less: []string{""}, more: []string{"none"}},
	"ItemChanges.age_mark":          {column: "items.age_mark", less: []string{""}, more: []string{"none"}},
	"Copy.status":                   {typed: "broker/catalog.ItemStatus", column: "items.status"},
	"Item.status":                   {typed: "broker/catalog.ItemStatus", column: "items.status"},
	"NewItem.status":                {},
	"ItemMark.as":                   {},
	"Patron.status":                 {typed: "broker/patrons.Status", column: "patrons.status"},
	"PatronLine.status":             {typed: "broker/patrons.Status", column: "patrons.status"},
	"PatronChange.notice_channel":   {typed: "broker/notices.Channel", less: []string{"call_list"}, more: []string{""}},
	"OwnChange.notice_channel":      {typed: "broker/notices.Channel", less: []string{"call_list"}, more: []string{""}},
	"Me.own_changes[]":              {typed: "broker/policy/attributes.OwnChange"},
	"RegistrationNeed.need":         {typed: "broker/policy/attributes.CardNeed"},
	"LikelyPatron.why[]":            {typed: "broker/patrons.Sign"},
	"AnsweredFor.by":                {},
	"Block.kind":                    {typed: "broker/patrons.BlockKind", column: "blocks.kind"},
	"NewBlock.kind":                 {typed: "broker/patrons.BlockKind", column: "blocks.kind", less: []string{"latched"}},
	"Block.stops[]":                 {typed: "broker/policy/rule.Action"},
	"NewBlock.stops[]":              {typed: "broker/policy/rule.Action"},
	"Card.status":                   {typed: "broker/patrons.CardStatus", column: "cards.status"},
	"CardReport.as":                 {typed: "broker/patrons.CardStatus", less: []string{"active", "replaced", "surrendered"}},
	"NewHousehold.kind":             {typed: "broker/patrons.HouseholdKind", column: "households.kind"},
	"Link.as":                       {},
	"NewLink.as":                    {},
	"NewDisclosure.by":              {typed: "broker/policy/accounts.Asker", column: "disclosures.by_whom"},
	"Disclosure.by":                 {typed: "broker/policy/accounts.Asker", column: "disclosures.by_whom"},
	"Disclosure.status":             {typed: "broker/patrons.DisclosureStatus", column: "disclosures.status"},
	"Notice.channel":                {typed: "broker/notices.Channel", column: "notices.channel", less: []string{"call_list"}},
	"Notice.next_channels[]":        {typed: "broker/notices.Channel", less: []string{"call_list"}},
	"Notice.status":                 {typed: "broker/notices.Status", column: "notices.status"},
	"Notice.outcome":                {typed: "broker/notices.Outcome"},
	"NoticeOutcome.outcome":         {typed: "broker/notices.Outcome", less: []string{"sent", "shown"}},
	"listNotices?channel":           {typed: "broker/notices.Channel", less: []string{"call_list"}},
	"listNotices?status":            {typed: "broker/notices.Status", more: []string{"troubled"}},
	"/v1/notices/templates?channel": {typed: "broker/notices.Channel", less: []string{"call_list"}},
	"NoticeTemplate.channel":        {typed: "broker/notices.Channel", column: "notice_templates.channel", less: []string{"call_list"}},
	"NewNoticePreview.channel":      {typed: "broker/notices.Channel", less: []string{"call_list"}},
	"NewClosure.kind":               {typed: "broker/directory.ClosureKind", column: "closures.kind"},
	"listJobs?pile":                 {typed: "workflow/background.Pile"},
	"Job.pile":                      {typed: "workflow/background.Pile"},
	"importFile?kind":               {typed: "broker/exchange:Patrons"},
	"importFile?holdings":           {},
	"LoadWish.kind":                 {},
	"LoadWish.holdings":             {},
	"LoadRun.outcome":               {column: "load_runs.outcome", less: []string{""}, more: []string{"running"}},
	"Day.closure":                   {typed: "broker/directory.ClosureKind", column: "closures.kind"},
	"Weekday.day":                   {},
	"Closure.kind":                  {typed: "broker/directory.ClosureKind", column: "closures.kind"},
	"Adjustment.kind":               {typed: "broker/loans.AdjustmentKind"},
	"Explain.act":                   {},
	"Health.status":                 {},
	"getFigures?figure":             {typed: "broker/figures.Figure"},
	"getFigures?by":                 {},
	"getFigures?as":                 {},
	"PartnerMessage.version":        {},
	"PartnerAcknowledgement.status": {},
}

// The contract has every closed set of words, each as the code and the database
// know it.
func TestTheContractNamesTheWordsThatAreKnown(t *testing.T) {
	t.Parallel()
	doc, err := document()
	must(t, err)
	kept, typed := columnWords(t), map[string][]string{"": nil}
	found := map[string]bool{}
	eachEnum(doc, func(place string, listed []string) {
		found[place] = true
		from, known := inContract[place]
		if !known {
			t.Errorf("%s lists %v: say in inContract where its words come from", place, listed)
			return
		}
		if _, read := typed[from.typed]; !read {
			typed[from.typed] = typedWords(t, from.typed)
		}
		for name, source := range map[string][]string{from.typed: typed[from.typed], from.column: kept[from.column]} {
			if name == "" {
				continue
			}
			want := slices.DeleteFunc(slices.Concat(source, from.more), func(word string) bool { return slices.Contains(from.less, word) })
			if name == from.column && from.typed != "" {
				want = slices.DeleteFunc(want, func(word string) bool { return word == "" && !slices.Contains(from.more, "") })
			}
			slices.Sort(want)
			if want, listed := slices.Compact(want), slices.Sorted(slices.Values(listed)); !slices.Equal(want, listed) {
				t.Errorf("%s lists\n\t%v\nand %s knows\n\t%v", place, listed, name, want)
			}
		}
	})
	for place := range inContract {
		if !found[place] {
			t.Errorf("%s is in inContract and has no list in the contract", place)
		}
	}
}

// eachEnum visits every list of words in the contract.
func eachEnum(doc *openapi3.T, visit func(place string, words []string)) {
	var look func(place string, ref *openapi3.SchemaRef)
	look = func(place string, ref *openapi3.SchemaRef) {
		if ref == nil || ref.Ref != "" {
			return
		}
		var listed []string
		for _, word := range ref.Value.Enum {
			if text, is := word.(string); is {
				listed = append(listed, text)
			}
		}
		if listed != nil {
			visit(place, listed)
		}
		look(place+"[]", ref.Value.Items)
		for _, name := range slices.Sorted(maps.Keys(ref.Value.Properties)) {
			look(place+"."+name, ref.Value.Properties[name])
		}
		for _, part := range ref.Value.AllOf {
			look(place, part)
		}
	}
	for name, schema := range doc.Components.Schemas {
		look(name, schema)
	}
	for name, parameter := range doc.Components.Parameters {
		look(name+"?", parameter.Value.Schema)
	}
	for where, item := range doc.Paths.Map() {
		for _, parameter := range item.Parameters {
			if parameter.Ref == "" {
				look(path.Dir(strings.Split(where, "{")[0]+"x")+"?"+parameter.Value.Name, parameter.Value.Schema)
			}
		}
		for _, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				if parameter.Ref == "" {
					look(operation.OperationID+"?"+parameter.Value.Name, parameter.Value.Schema)
				}
			}
		}
	}
}

// columnWords reads which words the checks of the database's columns know.
func columnWords(t *testing.T) map[string][]string {
	t.Helper()
	w := newWorld(t)
	kept := map[string][]string{}
	list, word := regexp.MustCompile(`ANY \(+ARRAY\[(.*)\]`), regexp.MustCompile(`'((?:[^']|'')*)'::`)
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		checks, err := tx.Query(ctx, `
			select c.conrelid::regclass || '.' || a.attname, pg_get_constraintdef(c.oid)
			from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
			where c.contype = 'c' and array_length(c.conkey, 1) = 1`)
		if err != nil {
			return err
		}
		var column, says string
		_, err = pgx.ForEachRow(checks, []any{&column, &says}, func() error {
			if inside := list.FindStringSubmatch(says); inside != nil {
				for _, found := range word.FindAllStringSubmatch(inside[1], -1) {
					kept[column] = append(kept[column], found[1])
				}
			}
			return nil
		})
		return err
	}))
	return kept
}

// typedWords gives the constants of a type, or what a table has.
func typedWords(t *testing.T, name string) (known []string) {
	t.Helper()
	switch name {
	case "":
		return nil
	case "workflow.Borrowing":
		return statesOf(workflow.Borrowing, workflow.Brokered)
	case "workflow.Lending":
		return statesOf(workflow.Lending)
	case "workflow.States":
		return statesOf(workflow.Borrowing, workflow.Brokered, workflow.Lending)
	case "broker/policy/rule.Action": // blocks and policies read this list
		for _, action := range rule.EveryAction() {
			known = append(known, string(action))
		}
		return known
	case "workflow/nightly":
		return stepNames(t)
	}
	var dir, typed, beside string
	if at := strings.LastIndex(name, ":"); at >= 0 {
		dir, beside = name[:at], name[at+1:]
	} else {
		at := strings.LastIndex(name, ".")
		dir, typed = name[:at], name[at+1:]
	}
	for _, block := range constBlocks(t, dir) {
		if beside != "" && !block.declares(beside) {
			continue
		}
		for _, one := range block {
			if one.typed == typed {
				known = append(known, one.value)
			}
		}
	}
	if known == nil {
		t.Errorf("nothing in the source is called %s", name)
	}
	return known
}

func statesOf(tables ...*workflow.Table) (names []string) {
	for _, table := range tables {
		for _, place := range table.Places {
			names = append(names, string(place.State))
		}
	}
	return names
}

type constant struct{ name, typed, value string }

type constants []constant

func (block constants) declares(name string) bool {
	return slices.ContainsFunc(block, func(one constant) bool { return one.name == name })
}

// constBlocks reads the text constants that a package declares, block by block.
func constBlocks(t *testing.T, dir string) (blocks []constants) {
	t.Helper()
	for _, file := range sources(t, dir) {
		for _, declared := range file.Decls {
			group, is := declared.(*ast.GenDecl)
			if !is || group.Tok != token.CONST {
				continue
			}
			var block constants
			for _, spec := range group.Specs {
				one := spec.(*ast.ValueSpec)
				typed := ""
				if name, is := one.Type.(*ast.Ident); is {
					typed = name.Name
				}
				for i, name := range one.Names {
					if i < len(one.Values) {
						if text, is := textOf(one.Values[i]); is {
							block = append(block, constant{name.Name, typed, text})
						}
					}
				}
			}
			blocks = append(blocks, block)
		}
	}
	return blocks
}

func textOf(value ast.Expr) (string, bool) {
	literal, is := value.(*ast.BasicLit)
	if !is || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

func sources(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
	must(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			must(t, err)
			files = append(files, file)
		}
	}
	return files
}

// stepNames reads the names of the nightly steps.
func stepNames(t *testing.T) (names []string) {
	t.Helper()
	named := map[string]string{}
	for _, block := range constBlocks(t, "workflow/nightly") {
		for _, one := range block {
			named[one.name] = one.value
		}
	}
	for _, file := range sources(t, "workflow/nightly") {
		for _, declared := range file.Decls {
			if function, is := declared.(*ast.FuncDecl); !is || function.Name.Name != "steps" {
				continue
			}
			ast.Inspect(declared, func(node ast.Node) bool {
				pair, is := node.(*ast.KeyValueExpr)
				if !is {
					return true
				}
				if key, is := pair.Key.(*ast.Ident); !is || key.Name != "name" {
					return true
				}
				if text, is := textOf(pair.Value); is {
					names = append(names, text)
				} else if declared, is := pair.Value.(*ast.Ident); is {
					names = append(names, named[declared.Name])
				}
				return true
			})
		}
	}
	return names
}
