package flags

import (
	"context"
	"strings"

	"afield/broker"
	"afield/broker/directory"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Amend changes what was asked for: the pick-up place, the date it is needed by,
// the edition. What is left out stays; leaving everything out is invalid.
func Amend(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	input, changed := c.Firing.Input, false
	if where := input.Text("pickup_branch"); where != "" {
		branch, err := branchNamed(ctx, c, where)
		if err != nil {
			return nil, err
		}
		if c.From == workflow.OnHoldShelf && branch.ID == c.Request.PickupBranchID {
			return nil, broker.Invalid(broker.FieldError{Pointer: "/pickup_branch", Code: "same_branch", Message: "must be another branch than the one where it waits"})
		}
		c.Request.PickupBranchID, changed = branch.ID, true
		wants.Add(engine.Fact{Name: "pickup_branch", Value: branch.Name})
	}
	if needBy := input.Date("need_by"); !needBy.IsZero() {
		if needBy.Before(c.Today()) {
			return nil, broker.Invalid(broker.FieldError{Pointer: "/need_by", Code: "in_the_past", Message: "must be today or later"})
		}
		c.Request.NeedBy, changed = needBy, true
		wants.Add(engine.NeedByAgain{})
	}
	if edition := input.Text("edition"); edition != "" {
		c.Request.Citation.Edition, changed = edition, true
		c.KeepCitation()
	}
	if !changed {
		return nil, broker.Invalid(broker.FieldError{Pointer: "", Code: "required", Message: "give what is to be changed: pickup_branch, need_by or edition"})
	}
	return wants, nil
}

// branchNamed finds a branch of the library by its id or code.
func branchNamed(ctx context.Context, c *engine.Case, named string) (directory.Branch, error) {
	branches, err := directory.Branches(ctx, c.Tx, c.Request.LibraryID)
	if err != nil {
		return directory.Branch{}, err
	}
	codes := make([]string, len(branches))
	for i, branch := range branches {
		if branch.Code == named || branch.ID.String() == named {
			return branch, nil
		}
		codes[i] = branch.Code
	}
	return directory.Branch{}, broker.Invalid(broker.FieldError{
		Pointer: "/pickup_branch", Code: "not_a_branch", Message: "must be the id or code of a branch of this library: " + strings.Join(codes, ", "),
	})
}

// amendedText says to the lender what was changed.
func amendedText(ctx context.Context, c *engine.Case) (string, error) {
	said := []string{"The request was changed."}
	if where := c.Firing.Input.Text("pickup_branch"); where != "" {
		branch, err := branchNamed(ctx, c, where)
		if err != nil {
			return "", err
		}
		said = append(said, "Send it to "+branch.Name+".")
	}
	if needBy := c.Firing.Input.Date("need_by"); !needBy.IsZero() {
		said = append(said, "It is needed by "+needBy.String()+".")
	}
	if edition := c.Firing.Input.Text("edition"); edition != "" {
		said = append(said, "Edition: "+edition+".")
	}
	return strings.Join(said, " "), nil
}

// SendAmended tells the lender what was changed, as a note.
func SendAmended(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	text, err := amendedText(ctx, c)
	if err != nil {
		return nil, err
	}
	message := workflow.Says[workflow.DoSendAmended].Message()
	message.Note = text
	return engine.Wants{engine.Say{Message: message}}, nil
}
