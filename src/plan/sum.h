/*-------------------------------------------------------------------------
 *
 * sum.h
 *	  Weighted sums of distances, found in expressions.
 *
 * A part of a sum is a distance: an index's column, its operator, and a value
 * that is the same for all rows.  A term is a part times factors, or a
 * constant, which has no part.  A part may occur in several terms.  A term may
 * also be a function of its part that grows with it (curve.h), or something that
 * depends on the row and is never less than a constant.
 *
 * An expression may be minus a sum, like the similarity 1 - distance: the
 * greater it is, the nearer is the row.  Then statements about the sum's
 * values are about those of the expression with the opposite sign.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SUM_H
#define MM_SUM_H

#include "nodes/pathnodes.h"

#include "index/columns.h"

/* A factor of a term; its inverse is meant if divide is set. */
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
 * A term as the query has it.  It consists of expressions, whose values are
 * known when the scan begins.  The terms of each part then become one MMTerm
 * (search/search.h).
 */
typedef struct MMSumTerm
{
	int			part;			/* -1: a constant */
	MMProduct	product;		/* of the part, or the constant itself */
	bool		has_missing;	/* COALESCE gives what a NULL part adds: */
	MMProduct	missing;
	Expr	   *curve;			/* the product is not of the part, but of this function
								 * of it; or NULL */
	bool		falls;			/* or of minus the function, as that falls */
	Expr	   *low;			/* without a part: the product is of something that is
								 * not less than this; or NULL */
	bool		scaled;			/* the row's is a multiple of it, by 1 or more; or NULL */
} MMSumTerm;

typedef struct MMSumPart
{
	int			column;			/* of the index; -1: its composite, as a whole */
	OpExpr	   *expr;			/* the distance */
	int			argument;		/* which one of its arguments is the value */
	bool		cast;			/* the column is cast to a wider type of numbers */
} MMSumPart;

/* No sum has more terms, or more parts, than this. */
#define MM_MAX_TERMS	(2 * MM_MAX_COLUMNS)

typedef struct MMSum
{
	Expr	   *expr;
	Relids		outer;			/* other relations that it needs */
	bool		negated;		/* the expression is minus the sum */
	bool		exact;			/* the expression is the sum, not just bounded by it */
	int			nparts;
	MMSumPart  *parts;
	int			nterms;
	MMSumTerm  *terms;
} MMSum;

/*
 * Why an expression is no sum over the columns of an index, and which part of
 * the expression is the reason.
 */
typedef enum MMRefusalKind
{
	MM_REFUSED_NOT,
	MM_REFUSED_TYPE,			/* it is not double precision */
	MM_REFUSED_OTHER,			/* it depends on the row, and is no distance */
	MM_REFUSED_DISTANCE,		/* it is a distance that the index lacks */
	MM_REFUSED_SIGN,			/* its distances are subtracted; or are not */
	MM_REFUSED_NAN,				/* distances that may be NaN are subtracted */
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
 * How near an operator call comes to a distance of an index.  The nearest are
 * first.
 */
typedef enum MMFit
{
	MM_FIT,
	MM_FIT_VOLATILE,			/* but its value may differ from row to row */
	MM_FIT_COLLATION,			/* but the column has another collation */
	MM_FIT_OPERATOR,			/* but the column has another operator */
	MM_FIT_CAST,				/* but the column is cast */
	MM_FIT_EXPRESSION,			/* but it is an expression of the column */
	MM_FIT_SEVERAL,				/* both sides depend on the row */
	MM_FIT_NOT,					/* the index has no such column */
} MMFit;

/* distances.c */

/*
 * mm_is_distance: is there an index, of any access method, that can return
 * rows in the order of this operator?
 */
extern bool mm_is_distance(Oid operator);

/*
 * mm_mentions_distance, mm_query_mentions_distance: does an expression, or any
 * part of a query, contain such an operator?
 */
extern bool mm_mentions_distance(Node *node);
extern bool mm_query_mentions_distance(Query *query);

/*
 * mm_distances_of: the distances in an expression that are about a relation.
 */
extern List *mm_distances_of(PlannerInfo *root, Index relid, Node *node);

/* value_bounds.c */

/*
 * mm_strip_relabel: what an expression is a value of another type of, with the same
 * bytes; or the expression itself.
 */
extern Expr *mm_strip_relabel(Expr *expr);

/*
 * mm_binary_function: the function of an operator call with two arguments, and the
 * arguments; InvalidOid if an expression is none.
 */
extern Oid	mm_binary_function(Expr *expr, Expr **left, Expr **right);

/*
 * mm_value_bounds: bounds of those values of an expression that are not NULL.
 * Returns false if none are known.
 *
 * mm_factor_least: is an expression never less than some positive number?  *least
 * becomes that number, lowered by what rounding may do.
 */
extern bool mm_value_bounds(Expr *expr, double *least, double *most);
extern bool mm_factor_least(Expr *expr, double *least);

/* sum.c */

/*
 * mm_sum_fit: how near an operator call of two arguments comes to a distance
 * of an index.  *column becomes the column of the index (-1: its composite),
 * except for the last two results.  *argument becomes the number of the
 * argument that is the value, except for MM_FIT_SEVERAL.
 */
extern MMFit mm_sum_fit(PlannerInfo *root, OpExpr *op, IndexOptInfo *index,
						const MMColumns *columns, int *column, int *argument);

/*
 * mm_sum_mentions: does an expression contain a distance that an index is for?
 */
extern bool mm_sum_mentions(Node *expr, const IndexOptInfo *index);

/*
 * mm_sum_match: find the sum over the columns of an index that an expression
 * is (or minus the expression, if negated).  Returns NULL if it is none;
 * refusal, if not NULL, then says why.
 *
 * The expression, or minus the expression if negated, is never less than the
 * sum's lower bounds.  It is the sum of multiples of distances if exact.  Otherwise
 * it has curves, adds something that differs between rows, or multiplies the sum
 * by that.
 */
extern MMSum *mm_sum_match(PlannerInfo *root, Expr *expr, IndexOptInfo *index,
						   const MMColumns *columns, bool negated,
						   MMRefusal *refusal);

/*
 * mm_is_constant: is an expression the same for all rows of a relation, and
 * cheap enough to be evaluated before the scan?
 */
extern bool mm_is_constant(PlannerInfo *root, Node *expr, Index relid);

/*
 * mm_is_wider: can a type of numbers represent all values of another type exactly?
 * An index of the other type then has the distances of a cast to it.
 */
extern bool mm_is_wider(Oid wide, Oid narrow);

/*
 * mm_is_relabeled_array: is an expression an array as one of another type, with
 * the same elements?
 */
extern bool mm_is_relabeled_array(const Expr *expr);

/* sum_values.c */

/*
 * The value of a product.  known tells that all its factors are known;
 * otherwise the value means nothing.  vanished tells that on the way it was
 * too small for a double, or less than a normal one.  Then it depends on the
 * order of the factors, which may be another one in the expression.
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
 * A function that gives the value of a sum's factor, as far as it is known.
 * The factor is the expression expr, number i of mm_sum_factors.  Returns
 * false if the value is not known, or NULL.
 */
typedef bool (*MMFactorValue) (Expr *expr, int i, void *state, double *value);

/*
 * mm_sum_values: evaluate the terms of a sum.  values has room for all of
 * them.  Each factor is evaluated once, in order.  Returns the greatest power
 * of 2, at most 1, that all products and their factors are multiples of, or 0
 * if it is too small for sums to be exact.
 */
extern double mm_sum_values(const MMSum *sum, MMFactorValue factor_value, void *state,
							MMTermValue *values);

/*
 * mm_sum_factors: the expressions of all factors, in order.
 */
extern List *mm_sum_factors(const MMSum *sum);

#endif							/* MM_SUM_H */
