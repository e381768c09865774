package notices

import (
	"fmt"
	"strings"
	"time"

	"afield/broker"
)

// words are the texts of one kind of notice. Sentences are parted by |; a sentence
// whose fact is missing is left out. A script is read out on the telephone or
// left on a machine, so it says nothing about what the thing is or costs.
type words struct{ subject, written, script string }

// textOf gives the words of a kind, in English. %T title, %N number, %B branch,
// %P pick up by, %D due on, %W answer by, %A amount, %R reason, %L library.
func textOf(kind Kind) words {
	switch kind {
	case Arrived:
		return words{
			"Ready to pick up",
			"%T is ready for you.|Please pick it up by %P.|It is kept at %B.|Its due date is %D.",
			"Something you asked for is ready at the library.|Please pick it up by %P.|It is kept at %B.",
		}
	case ShelfExpiring:
		return words{
			"Still waiting for you",
			"%T is still waiting for you.|After %P it goes back to the library that lent it.|Tell us if you need a few more days.",
			"Something you asked for is still waiting at the library.|It is kept until %P.|Please call us if you need a few more days.",
		}
	case Expired:
		return words{"No longer held for you", "%T is no longer held for you.|%R", "Something you asked for is no longer held for you.|Please call the library if you still need it."}
	case CostApproval:
		return words{
			"Your decision about a fee",
			"A library can lend %T for %A.|Please tell us by %W whether you agree to pay it.|Without your answer nothing is ordered.",
			"We need your decision about a request of yours.|Please call the library by %W.",
		}
	case Unfilled:
		return words{"We could not get it", "No library could lend %T.|%R", "There is news about a request of yours.|Please call the library."}
	case Cancelled:
		return words{"Your request was cancelled", "Your request for %T was cancelled.|%R", "There is news about a request of yours.|Please call the library."}
	case Overdue:
		return words{"Overdue", "%T was due on %D.|Please bring it back.", "Something you borrowed was due on %D.|Please bring it back."}
	case Recalled:
		return words{
			"Please bring it back early",
			"The library that lent %T needs it back.|Please bring it back by %D.",
			"Something you borrowed is needed back.|Please bring it to the library by %D.",
		}
	case RenewalGranted:
		return words{"Renewed", "%T is renewed.|It is now due on %D.", "Your renewal was granted.|The new due date is %D."}
	case RenewalRefused:
		return words{"Not renewed", "The library that lent %T did not renew it.|Please bring it back by %D.", "Your renewal was not granted.|The due date stays %D."}
	case DueChanged:
		return words{"A new due date", "The due date of %T is now %D.", "The due date of something you borrowed is now %D."}
	}
	return words{"News from the library", "There is news about %T.|%R", "There is news from the library.|Please call us."}
}

// Subject gives the subject line of a written notice.
func Subject(kind Kind) string { return textOf(kind).subject }

// Written gives the text for mail, letter and account.
func Written(kind Kind, facts Facts, library string) string {
	return fill(textOf(kind).written, facts, library) + " " + library + "."
}

// Script gives what to say on the telephone: who calls, and no title.
func Script(kind Kind, facts Facts, library string) string {
	facts.Title = ""
	return "This is " + library + ". " + fill(textOf(kind).script, facts, library)
}

// fill puts facts into the sentences of a text, and leaves out every sentence
// whose fact is not known.
func fill(text string, facts Facts, library string) string {
	title := facts.Title
	if title == "" {
		title = "What you asked for"
	}
	known := map[string]string{
		"%T": title, "%B": facts.Branch, "%P": day(facts.PickUpBy), "%D": day(facts.DueOn),
		"%W": day(facts.AnswerBy), "%R": facts.Reason, "%L": library,
	}
	if facts.Number != 0 {
		known["%N"] = fmt.Sprint(facts.Number)
	}
	if facts.Amount != nil {
		known["%A"] = facts.Amount.String()
	}
	var sentences []string
	for _, sentence := range strings.Split(text, "|") {
		if filled, whole := fillSentence(sentence, known); whole {
			sentences = append(sentences, filled)
		}
	}
	return strings.Join(sentences, " ")
}

func fillSentence(sentence string, known map[string]string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(sentence); i++ {
		if sentence[i] != '%' || i+1 == len(sentence) {
			out.WriteByte(sentence[i])
			continue
		}
		fact := known[sentence[i:i+2]]
		if fact == "" {
			return "", false
		}
		// In the middle of a sentence "What you asked for" begins small.
		if i > 0 && sentence[i+1] == 'T' && fact == "What you asked for" {
			fact = "what you asked for"
		}
		out.WriteString(fact)
		i++
	}
	return out.String(), true
}

// day says a date the way it is said aloud: Thursday 12 March.
func day(date broker.Date) string {
	if date.IsZero() {
		return ""
	}
	return date.UTC().In(time.UTC).Format("Monday 2 January")
}
