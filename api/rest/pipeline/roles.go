package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"afield/broker"
	"afield/broker/access"
)

// callers is who may call an operation, as x-callers and x-roles of the contract
// say. What they may do to one request is for the state tables and the policies to
// decide. The zero value admits nobody.
type callers struct {
	// anyone may call it, without signing in.
	anyone bool
	// partners sign what they send; api/peer checks that.
	partners bool
	// office lets in the operators of the consortium's office.
	office bool
	// patrons may call it for their own account.
	patrons bool
	// staff lists the roles of which a staff user or program needs one; nil
	// means that staff may not call it.
	staff []string
}

// callersOf reads who may call an operation. An operation that does not say is
// an error, so that none is open by oversight.
func callersOf(op *openapi3.Operation) (callers, error) {
	named, err := words(op, "x-callers")
	if err != nil {
		return callers{}, err
	}
	roles, err := words(op, "x-roles")
	if err != nil {
		return callers{}, err
	}
	var c callers
	for _, name := range named {
		switch name {
		case "anyone":
			c.anyone = true
		case "partner":
			c.partners = true
		case "patron":
			c.patrons = true
		case "office":
			c.office = true
		case "staff":
			if c.staff = roles; roles == nil {
				c.staff = access.Roles()
			}
		default:
			return callers{}, fmt.Errorf("x-callers names %q: must be anyone, partner, patron, office or staff", name)
		}
	}
	open := op.Security != nil && len(*op.Security) == 0
	switch {
	case len(named) == 0:
		return callers{}, errors.New("it does not say in x-callers who may call it")
	case (c.anyone || c.partners) && len(named) > 1:
		return callers{}, errors.New("x-callers: anyone and partner stand alone")
	case c.anyone != open:
		return callers{}, errors.New("x-callers says anyone where security asks for a sign-in, or the other way round")
	case roles != nil && c.staff == nil:
		return callers{}, errors.New("x-roles goes with staff only")
	}
	for _, role := range roles {
		if !slices.Contains(access.Roles(), role) {
			return callers{}, fmt.Errorf("x-roles names %q: must be one of %s", role, strings.Join(access.Roles(), ", "))
		}
	}
	return c, nil
}

// words reads an extension that is a list of words; nil where there is none.
func words(op *openapi3.Operation, extension string) ([]string, error) {
	value, given := op.Extensions[extension]
	if !given {
		return nil, nil
	}
	list, isList := value.([]any)
	if !isList || len(list) == 0 {
		return nil, fmt.Errorf("%s must be a list of words", extension)
	}
	found := make([]string, len(list))
	for i, each := range list {
		word, isWord := each.(string)
		if !isWord {
			return nil, fmt.Errorf("%s must be a list of words", extension)
		}
		found[i] = word
	}
	return found, nil
}

// admit refuses a signed-in caller who is not among them.
func (c callers) admit(principal access.Principal) error {
	patron, staff := principal.Kind == access.KindPatron, principal.IsStaff()
	switch {
	case c.anyone, principal.Office && c.office && principal.Holds(access.RoleAdmin):
		return nil
	case principal.Office:
		return broker.Forbidden("This is for a library's own people; the consortium's office sees to how libraries are set up.")
	case c.office && c.staff == nil && !c.patrons:
		return broker.Forbidden("This is for the consortium's office.")
	case patron && c.patrons, staff && c.staff != nil && principal.Holds(c.staff...):
		return nil
	case patron && c.staff != nil:
		return broker.Forbidden("This is for the library's staff.")
	case staff && c.staff == nil && c.patrons:
		return broker.Forbidden("This is a patron's own account; staff read /v1/patrons/{id}.")
	case staff && len(principal.Roles) > 0 && !slices.Equal(c.staff, access.Roles()):
		return broker.Forbidden("This needs one of the roles %s.", listed(c.staff))
	}
	return broker.Forbidden("This is not for you to do.")
}

func listed(words []string) string {
	text := ""
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text += " or "
		default:
			text += ", "
		}
		text += word
	}
	return text
}
