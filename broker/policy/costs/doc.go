// Package costs answers what a library's policy says about money: the terms a
// loan is made on, the fine for a late return, the price of a lost or damaged
// item and its refund, and the fees for prints and faxes. The sums are exact;
// posting them is the ledger's business.
package costs
