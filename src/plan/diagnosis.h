/*-------------------------------------------------------------------------
 *
 * diagnosis.h
 *	  What keeps a query's distances from being answered by an index.
 *
 * While mm_why_not (why_not.c) plans a query, the planner's hooks look at each
 * relation as the planner has it then: views are expanded, subqueries pulled
 * up, and constants computed (diagnosis.c).  Their findings are put into words
 * (diagnosis_words.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_DIAGNOSIS_H
#define MM_DIAGNOSIS_H

#include "plan/offer.h"

typedef struct MMFinding
{
	const char *place;			/* in the query */
	const char *expression;
	Oid			index;			/* or InvalidOid */
	const char *verdict;		/* NULL: the index has it, the plan decides */
	const char *hint;			/* or NULL */

	/* These matter if verdict is NULL, so that the plan decides: */
	const char *unless;			/* the verdict if the index is not used, with hint */
	bool		on_servers;		/* the table's rows are on servers, as those of indexes */
	const char *alias;			/* of the table */
	bool		ordered;		/* it is about an order, not a condition */
	Relids		outer;			/* other relations that it needs */
	PlannerInfo *root;
} MMFinding;

typedef struct MMDiagnosis
{
	ParamListInfo params;		/* these identify the query diagnosed */
	MemoryContext context;
	List	   *findings;		/* of MMFinding */
} MMDiagnosis;

/*
 * A relation that is being looked at.
 */
typedef struct MMLook
{
	PlannerInfo *root;
	RelOptInfo *rel;
	RangeTblEntry *rte;
	List	   *offers;			/* of MMOffer: its indexes */
	List	   *unusable;		/* of MMFinding: those that cannot be used */
	bool		on_servers;		/* all partitions are foreign tables */
} MMLook;

/*
 * What is to be known of tables whose rows are on servers.  The code that searches them
 * (src/fanout) is above this, and tells how to ask it.
 */
typedef struct MMServersDiagnosis
{
	/* Are all partitions of a table on servers, so that these may be searched? */
	bool		(*is_of_servers) (PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);

	/* Why the servers are not asked for an expression, with a hint; NULL if they can be. */
	const char *(*refusal) (PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte, Expr *expr,
							const char **hint);

	/* The table's indexes here (MMOffer), as far as what they have is concerned. */
	List	   *(*offers) (PlannerInfo *root, RelOptInfo *rel, Oid relid);

	/* The scans of servers, and whether one is in an order, or within radii. */
	const CustomScanMethods *methods;
	void		(*read_scan) (const CustomScan *scan, bool *ordered, bool *within);
} MMServersDiagnosis;

/* diagnosis.c */

/* How to ask about servers; never NULL when queries are planned. */
extern const MMServersDiagnosis *mm_servers_diagnosis;

/* The diagnosis under way, or NULL if there is none. */
extern MMDiagnosis *mm_diagnosis;

/*
 * mm_diagnose: add to the diagnosis whatever there is to say about a relation.
 */
extern void mm_diagnose(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);

/* diagnosis_words.c */

/*
 * mm_say: an expression of the relation's query as SQL.
 */
extern const char *mm_say(MMLook *look, Node *node);

/*
 * mm_say_refusal: the verdict that an expression is no sum, which says why,
 * and a hint.
 */
extern const char *mm_say_refusal(MMLook *look, const MMRefusal *refusal, const char **hint);

/*
 * mm_say_nested: the verdict on a distance if one of its sides contains another
 * distance of the relation, as without parentheses; NULL if none does.
 */
extern const char *mm_say_nested(MMLook *look, OpExpr *op, const char **hint);

/*
 * mm_say_fit: the verdict on how near a distance comes to one of an index, and
 * a hint.
 */
extern const char *mm_say_fit(MMLook *look, OpExpr *op, const MMOffer *offer, MMFit fit,
							  int column, int argument, const char **hint);

/*
 * mm_say_index: a hint how to make an index for these distances, or NULL if it
 * is not clear which index.
 */
extern const char *mm_say_index(MMLook *look, List *distances);

#endif							/* MM_DIAGNOSIS_H */
