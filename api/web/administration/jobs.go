package administration

import (
	"fmt"
	"strconv"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// job is one job in words.
type job struct {
	gen.Job
	What, About string
	State       frame.State
	// Next is when it is tried again, Tried when it was tried last.
	Next, Tried time.Time
	Aside       bool
}

// nightLine is a step of the last night in words.
type nightLine struct {
	What    string
	Touched int
	Failed  int
	Open    bool
}

type jobsPage struct {
	Pile   string
	Tabs   []tab
	Jobs   []job
	Office bool
	// Night is the last night; nil where none was, or at the office.
	Night    *gen.Night
	Steps    []nightLine
	PutAside []gen.PutAside
	Empty    string
	Trouble  *frame.Trouble
	Today    broker.Date
}

// jobs lists what is done in the background, by how it stands.
func (a Administration) jobs(v *frame.Visit) error { return a.showJobs(v, nil) }

func (a Administration) showJobs(v *frame.Visit, trouble *frame.Trouble) error {
	page := jobsPage{Pile: v.Field("pile"), Office: v.Who.Office, Trouble: trouble, Today: v.Today}
	switch page.Pile {
	case "again", "running", "waiting", "done":
	default:
		page.Pile = "look"
	}
	found, err := frame.Ask[gen.ListJobs200JSONResponse](v, "listJobs", a.ops.ListJobs, gen.ListJobsRequestObject{Params: gen.ListJobsParams{Pile: gen.ListJobsParamsPile(page.Pile)}})
	if err != nil {
		return err
	}
	for _, one := range []struct {
		pile, name, empty string
		count             int
	}{
		{"look", v.Say("Needs a look"), v.Say("Nothing was given up. What fails is tried again by itself, and comes here only when that was no use."), found.Counts.Look},
		{"again", v.Say("Tried again soon"), v.Say("Nothing has failed."), found.Counts.Again},
		{"running", v.Say("Running"), v.Say("Nothing runs at this moment."), found.Counts.Running},
		{"waiting", v.Say("Waiting"), v.Say("Nothing waits for its turn."), found.Counts.Waiting},
		{"done", v.Say("Done"), v.Say("Nothing was done in the last day."), found.Counts.Done},
	} {
		shown := tab{Name: one.name, To: "/jobs?pile=" + one.pile, Here: one.pile == page.Pile, Count: one.count, Known: true}
		if one.pile == "look" {
			shown.To, shown.Late = "/jobs", one.count > 0
		}
		if shown.Here {
			page.Empty = one.empty
		}
		page.Tabs = append(page.Tabs, shown)
	}
	for _, one := range found.Jobs {
		page.Jobs = append(page.Jobs, jobOf(v, one))
	}
	if !page.Office {
		if err := a.lastNight(v, &page); err != nil {
			return err
		}
	}
	return v.ShowWith(trouble, "jobs", frame.Head{Title: v.Say("Background work"), At: "jobs"}, page)
}

func jobOf(v *frame.Visit, one gen.Job) job {
	zone := v.Now.Location()
	shown := job{Job: one, What: kindOfJob(v, one.Kind), Next: one.NextAt.In(zone), Aside: one.Pile == "look"}
	if !one.TriedAt.IsZero() {
		shown.Tried = one.TriedAt.In(zone)
	}
	if v.Who.Office {
		shown.About = one.Library
	}
	if one.Channel != "" {
		shown.About = v.Say(one.Channel)
	}
	switch one.Pile {
	case "look":
		shown.State = frame.Shaped("stop", v.Say("Given up"))
	case "again":
		shown.State = frame.Shaped("system", v.Say("Tried again by itself"))
	case "running":
		shown.State = frame.Shaped("move", v.Say("Running"))
	case "waiting":
		shown.State = frame.Shaped("system", v.Say("Waiting"))
	default:
		shown.State = frame.Shaped("done", v.Say("Done"))
	}
	return shown
}

// kindOfJob says what a kind of job does.
func kindOfJob(v *frame.Visit, kind string) string {
	switch kind {
	case "send_message":
		return v.Say("Send a message to another library")
	case "look_up_holdings":
		return v.Say("Ask other systems what they could lend")
	case "send_notices":
		return v.Say("Send notices to patrons")
	case "nightly_work":
		return v.Say("Work of the night")
	case "standing_load":
		return v.Say("Read a file that comes every night")
	case "sweep":
		return v.Say("Look for what is due")
	}
	return kind
}

// lastNight fills in what the last night did.
func (a Administration) lastNight(v *frame.Visit, page *jobsPage) error {
	nights, err := frame.Ask[gen.ListNights200JSONResponse](v, "listNights", a.ops.ListNights, gen.ListNightsRequestObject{Params: gen.ListNightsParams{Limit: 1}})
	if err != nil {
		return err
	}
	page.PutAside = nights.PutAside
	if len(nights.Nights) == 0 {
		return nil
	}
	page.Night = &nights.Nights[0]
	for _, step := range page.Night.Steps {
		if step.Touched > 0 || step.PutAside > 0 || !step.Finished {
			page.Steps = append(page.Steps, nightLine{What: nightStepOf(v, step.Step), Touched: int(step.Touched), Failed: step.PutAside, Open: !step.Finished})
		}
	}
	return nil
}

// retryJob has a job done now.
func (a Administration) retryJob(v *frame.Visit) error {
	number, err := strconv.ParseInt(v.Param("number"), 10, 64)
	if err != nil || number < 1 {
		return broker.NotFound("job")
	}
	_, err = frame.AskOnce[gen.RetryJob200JSONResponse](v, "retryJob", v.Key(), a.ops.RetryJob, gen.RetryJobRequestObject{Number: number})
	return a.jobDone(v, err, v.Say("Job {number} is done as soon as somebody is free.", "number", number))
}

// putJobAside takes one that was given up off the list.
func (a Administration) putJobAside(v *frame.Visit) error {
	number, err := strconv.ParseInt(v.Param("number"), 10, 64)
	if err != nil || number < 1 {
		return broker.NotFound("job")
	}
	_, err = frame.AskOnce[gen.PutJobAside200JSONResponse](v, "putJobAside", v.Key(), a.ops.PutJobAside, gen.PutJobAsideRequestObject{Number: number})
	return a.jobDone(v, err, v.Say("Job {number} is off the list.", "number", number))
}

func (a Administration) jobDone(v *frame.Visit, err error, said string) error {
	if err == nil {
		return v.Done(fmt.Sprintf("/jobs?pile=%s", v.Field("pile")), said)
	}
	if broker.IsKind(err, broker.KindNotFound) {
		return err
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showJobs(v, trouble) })
}

// nightStepOf says what a step of the night does.
func nightStepOf(v *frame.Visit, step string) string {
	switch step {
	case "auto_renewals":
		return v.Say("Loans renewed by themselves")
	case "fines":
		return v.Say("Fines that grew")
	case "blocks":
		return v.Say("Accounts blocked")
	case "claims":
		return v.Say("Old claims charged")
	case "lost":
		return v.Say("Loans taken for lost")
	case "hold_shelf":
		return v.Say("Taken off the hold shelf")
	case "unfilled_holds":
		return v.Say("Holds that ended unfilled")
	case "stranded_holds":
		return v.Say("Holds that no copy can fill")
	case "overdue_notices":
		return v.Say("Notices of late loans")
	case "reminders":
		return v.Say("Reminders")
	case "coming_of_age":
		return v.Say("Patrons who came of age")
	case "accounts":
		return v.Say("Old accounts closed")
	}
	return v.Say("Forgotten, as the policy says")
}
