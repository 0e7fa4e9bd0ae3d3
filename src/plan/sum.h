/*-------------------------------------------------------------------------
 *
 * sum.h
 *	  Weighted sums of distances, found in expressions.
 *
 * A part of a sum is a distance: an index's column, its operator, and a value that is
 * the same for all rows.  A term is a part times factors, or, without a part, a
 * constant; a part may stand in several terms.
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

#include "index/columns.h"

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

/*
 * A term as the query has it: of expressions, whose values are known when the scan
 * begins.  Then the terms of each part become one MMTerm (search/search.h).
 */
typedef struct MMSumTerm
{
	int			part;			/* -1: a constant */
	MMProduct	product;		/* of the part, or the constant itself */
	bool		has_missing;	/* COALESCE gives what a NULL part adds: */
	MMProduct	missing;
} MMSumTerm;

typedef struct MMSumPart
{
	int			column;			/* of the index; -1: its composite, as a whole */
	OpExpr	   *expr;			/* the distance */
	int			argument;		/* which one of its arguments is the value */
	bool		cast;			/* the column is cast to a wider type of numbers */
} MMSumPart;

/* No sum has more terms or parts than this. */
#define MM_MAX_TERMS	(2 * MM_MAX_COLUMNS)

typedef struct MMSum
{
	Expr	   *expr;
	Relids		outer;			/* other relations that it needs */
	bool		negated;		/* the expression is minus the sum */
	bool		exact;			/* the expression is the sum, not just bounded by it */
	int			nparts;
	MMSumPart	parts[MM_MAX_TERMS];
	int			nterms;
	MMSumTerm	terms[MM_MAX_TERMS];
} MMSum;

/*
 * Why an expression is no sum over the columns of an index, and which part of it
 * stands in the way.
 */
typedef enum MMRefusalKind
{
	MM_REFUSED_NOT,
	MM_REFUSED_TYPE,			/* it is not double precision */
	MM_REFUSED_OTHER,			/* it depends on the row, and is no distance */
	MM_REFUSED_DISTANCE,		/* it is a distance that the index has not */
	MM_REFUSED_SIGN,			/* its distances are subtracted; or are not */
	MM_REFUSED_FACTOR,			/* it multiplies or divides by what depends on the
								 * row */
	MM_REFUSED_COALESCE,		/* it is not COALESCE of a distance and a constant */
	MM_REFUSED_SIZE,			/* there are too many terms or factors */
} MMRefusalKind;

typedef struct MMRefusal
{
	MMRefusalKind kind;
	Expr	   *expr;
} MMRefusal;

/*
 * How near an operator call comes to a distance of an index, the nearest first.
 */
typedef enum MMFit
{
	MM_FIT,
	MM_FIT_VOLATILE,			/* but its value may differ from row to row */
	MM_FIT_COLLATION,			/* but the column has another collation */
	MM_FIT_OPERATOR,			/* but the column has another operator */
	MM_FIT_CAST,				/* but the column is cast */
	MM_FIT_EXPRESSION,			/* but it is an expression with the column in it */
	MM_FIT_SEVERAL,				/* both sides depend on the row */
	MM_FIT_NOT,					/* the index has no such column */
} MMFit;

/* distances.c */

/*
 * mm_is_distance: is there an index that can have rows in the order of this
 * operator, whatever its access method?
 */
extern bool mm_is_distance(Oid operator);

/*
 * mm_mentions_distance, mm_query_mentions_distance: has an expression, or a query
 * anywhere, such an operator in it?
 */
extern bool mm_mentions_distance(Node *node);
extern bool mm_query_mentions_distance(Query *query);

/*
 * mm_distances_of: the distances in an expression that are about a relation.
 */
extern List *mm_distances_of(PlannerInfo *root, Index relid, Node *node);

/* sum.c */

/*
 * mm_sum_fit: how near an operator call of two arguments comes to a distance of
 * an index.  *column is that of the index (-1: its composite), but for the last
 * two; *argument, which of the arguments is the value, but for MM_FIT_SEVERAL.
 */
extern MMFit mm_sum_fit(PlannerInfo *root, OpExpr *op, IndexOptInfo *index,
						const MMColumns *columns, int *column, int *argument);

/*
 * mm_sum_mentions: does an expression have a distance that an index is for?
 */
extern bool mm_sum_mentions(Node *expr, const IndexOptInfo *index);

/*
 * mm_sum_match: the sum that an expression, or if negated minus the expression,
 * is, over the columns of an index; NULL if it is none.  The expression is never
 * less than the sum, and equal to it but where it multiplies the sum by what
 * differs between rows, which a negated one does not.  refusal, if not NULL, says
 * why it is none.
 */
extern MMSum *mm_sum_match(PlannerInfo *root, Expr *expr, IndexOptInfo *index,
						   const MMColumns *columns, bool negated,
						   MMRefusal *refusal);

/*
 * mm_is_constant: is an expression the same for all rows of a relation, and
 * cheap enough to be evaluated before the scan?
 */
extern bool mm_is_constant(PlannerInfo *root, Node *expr, Index relid);

/* sum_values.c */

/*
 * What a product comes to.  known: all its factors are; otherwise the value means
 * nothing.  vanished: on the way it was too small for a double, or less than a
 * normal one, so that it depends on the order of the factors, which may be
 * another one in the expression.
 */
typedef struct MMProductValue
{
	bool		known;
	bool		vanished;
	double		value;
} MMProductValue;

typedef struct MMTermValue
{
	MMProductValue product;
	MMProductValue missing;		/* not known if the term has none */
} MMTermValue;

/*
 * The value of a sum's factor, as far as somebody knows it: the expression, which
 * is number i of mm_sum_factors.  False if it is not known, or NULL.
 */
typedef bool (*MMFactorValue) (Expr *expr, int i, void *state, double *value);

/*
 * mm_sum_values: evaluate the terms of a sum; values has room for all.  Returns the
 * greatest power of 2, at most 1, that all products and their factors are multiples
 * of; 0 if that is too small for sums to be exact.  Each factor is evaluated once,
 * in order.
 */
extern double mm_sum_values(const MMSum *sum, MMFactorValue factor_value, void *state,
							MMTermValue *values);

/*
 * mm_sum_factors: the expressions of all factors, in order.
 */
extern List *mm_sum_factors(const MMSum *sum);

#endif							/* MM_SUM_H */
