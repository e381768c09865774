package sru

import (
	"slices"
	"strings"
	"unicode"

	"afield/broker"
)

// question is one search for a citation.
type question struct {
	query string
	// byWords tells that no number was searched, so that what is found must be
	// compared with the citation.
	byWords bool
}

// questions are the searches for a citation, the surest first.
func questions(citation broker.Citation, by Indexes) []question {
	var all []question
	if number := broker.NormalOCLC(citation.OCLC); number != "" && by.OCLC != "" {
		all = append(all, question{query: clause(by.OCLC, "=", number)})
	}
	if isbn := broker.NormalISBN(citation.ISBN); isbn != "" && by.ISBN != "" {
		forms := []string{isbn}
		if ten := broker.ISBN10(isbn); ten != "" {
			forms = append(forms, ten)
		}
		all = append(all, question{query: anyOf(by.ISBN, forms)})
	}
	if issn := broker.NormalISSN(citation.ISSN); issn != "" && by.ISSN != "" {
		all = append(all, question{query: anyOf(by.ISSN, []string{issn, strings.ReplaceAll(issn, "-", "")})})
	}
	if words := wordsOf(citation.Title, mostWords); len(words) > 0 && by.Title != "" {
		relation := by.Words
		if relation == "" {
			relation = "all"
		}
		query := clause(by.Title, relation, strings.Join(words, " "))
		if names := wordsOf(citation.Author, mostNames); len(names) > 0 && by.Author != "" {
			query += " and " + clause(by.Author, relation, strings.Join(names, " "))
		}
		all = append(all, question{query: query, byWords: true})
	}
	return all
}

// More words than these narrow nothing down, and make a query that targets refuse.
const (
	mostWords = 12
	mostNames = 3
)

// wordsOf gives the words of a text up to its subtitle, without the signs that a
// query or an index would stumble over.
func wordsOf(text string, most int) []string {
	main, _, _ := strings.Cut(text, " : ")
	words := strings.FieldsFunc(main, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && !unicode.IsMark(r)
	})
	words = slices.DeleteFunc(words, func(word string) bool { return strings.Trim(word, "'") == "" })
	return words[:min(len(words), most)]
}

// anyOf asks for any of several forms of one number.
func anyOf(index string, forms []string) string {
	clauses := make([]string, len(forms))
	for i, form := range forms {
		clauses[i] = clause(index, "=", form)
	}
	return strings.Join(clauses, " or ")
}

// clause writes one part of a CQL query. An index "*" searches what the target
// searches by itself.
func clause(index, relation, term string) string {
	if index == everywhere {
		return quoted(term)
	}
	if strings.ContainsFunc(relation, unicode.IsLetter) {
		relation = " " + relation + " "
	}
	return index + relation + quoted(term)
}

// quoted writes a term so that nothing in it means anything to CQL.
func quoted(term string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range strings.ToValidUTF8(term, "") {
		switch {
		case strings.ContainsRune(`\"*?^`, r):
			out.WriteByte('\\')
			out.WriteRune(r)
		case unicode.IsControl(r):
			out.WriteByte(' ')
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
