/*-------------------------------------------------------------------------
 *
 * sum.h
 *	  Weighted sums of distances, found in expressions.
 *
 * A leaf is a distance: an index's column, its operator, and a value that is the
 * same for all rows.  A term is a leaf times factors, or, without a leaf, a
 * constant; a leaf may stand in several terms.
 *
 * An expression may be minus a sum, like 1 - distance, a similarity: the greater
 * it is, the nearer is the row.  What is then said of the sum's values is about
 * the expression's with the other sign.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SUM_H
#define MM_SUM_H

#include "nodes/pathnodes.h"

#include "am/am.h"

/* A factor of a term, or where divide is set, its inverse. */
typedef struct MMFactor
{
	Expr	   *expr;			/* float8, the same for all rows */
	bool		divide;
} MMFactor;

#define MM_MAX_FACTORS	8

typedef struct MMProduct
{
	int			n;
	MMFactor	factors[MM_MAX_FACTORS];
	bool		negative;
} MMProduct;

typedef struct MMSumTerm
{
	int			leaf;			/* -1: a constant */
	MMProduct	product;		/* of the leaf, or the constant itself */
	bool		has_missing;	/* COALESCE gives what a NULL leaf adds: */
	MMProduct	missing;
} MMSumTerm;

typedef struct MMSumLeaf
{
	int			column;			/* of the index; -1: its composite, as a whole */
	OpExpr	   *expr;			/* the distance */
	int			argument;		/* which one of its arguments is the value */
	bool		cast;			/* the column is cast to a wider type of numbers */
} MMSumLeaf;

/* No sum has more terms or leaves than this. */
#define MM_MAX_TERMS	(2 * MM_MAX_COLUMNS)

typedef struct MMSum
{
	Expr	   *expr;
	Relids		outer;			/* other relations that it needs */
	bool		negated;		/* the expression is minus the sum */
	bool		exact;			/* the expression is the sum, not just bounded by it */
	int			nleaves;
	MMSumLeaf	leaves[MM_MAX_TERMS];
	int			nterms;
	MMSumTerm	terms[MM_MAX_TERMS];
} MMSum;

/*
 * mm_sum_mentions: does an expression have a distance that an index is for?
 */
extern bool mm_sum_mentions(Node *expr, const IndexOptInfo *index);

/*
 * mm_sum_match: the sum that an expression, or if negated minus the expression,
 * is, over the columns of an index; NULL if it is none.  The expression is never
 * less than the sum, and equal to it but where it multiplies the sum by what
 * differs between rows, which a negated one does not.
 */
extern MMSum *mm_sum_match(PlannerInfo *root, Expr *expr, IndexOptInfo *index,
						   const MMColumns *columns, bool negated);

/*
 * mm_sum_pack, mm_sum_unpack: a sum as lists for a plan: expressions, which
 * the planner may change, and numbers.
 */
extern void mm_sum_pack(const MMSum *sum, List **exprs, List **numbers);
extern MMSum *mm_sum_unpack(List *exprs, List *numbers);

/*
 * mm_is_constant: is an expression the same for all rows of a relation, and
 * cheap enough to be evaluated before the scan?
 */
extern bool mm_is_constant(PlannerInfo *root, Node *expr, Index relid);

#endif							/* MM_SUM_H */
