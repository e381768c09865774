// Package words says what the pages say, in the language of the reader. The
// English sentence stands in the template itself; another language's file gives
// its own sentence for it:
//
//	w := words.In("fr")
//	w.Say("As of {time}", "time", "10:42")
//	w.Count(2, "One request", "{n} requests")
//
// Sentences are whole, with named holes, and never joined from pieces. Each
// language also says how dates, ages and money are written. A test reads every
// template and Go file of the pages and fails on a sentence without its
// translation, and on a translation that nothing says.
//
// It knows the vocabulary of broker and nothing else.
package words
