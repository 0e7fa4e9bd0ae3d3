/*-------------------------------------------------------------------------
 *
 * learn.h
 *	  Weights from examples: query objects, and the rows that should be their
 *	  nearest.
 *
 * A learner is one call of a function that learns.  All its statements go
 * through SPI, read-only, as the calling user and under one snapshot, which is
 * why a row can be told by its table and ctid.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LEARN_H
#define MM_LEARN_H

#include "storage/itemptr.h"

#include "base/random.h"
#include "learn/fit.h"
#include "query/query.h"

/* Distances are kept of so many relevant rows of an example, the first ones. */
#define MM_MAX_WANTED	1000

/* A row of the table, or of one of its partitions. */
typedef struct MMRowId
{
	Oid			table;
	ItemPointerData tid;
} MMRowId;

/* A row as a statement returns it. */
typedef struct MMRow
{
	MMRowId		id;
	double		distance;		/* from the object searched for; or 0 */
	Datum	   *values;			/* of the columns */
	bool	   *isnull;
} MMRow;

/* A row that is known, and where its distances are. */
typedef struct MMKnownRow
{
	MMRowId		id;
	int			number;			/* of the row in the matrix */
} MMKnownRow;

/*
 * One example.  The distances of a row are those from the query object, by
 * columns, each divided by its scale: 0 if the query object has no value there,
 * 1 if the row has none.
 */
typedef struct MMExample
{
	MMTerms    *terms;			/* the query object */
	bool		is_row;			/* and is it a row of the table? */
	MMRowId		self;			/* then it is no answer */

	uint64		place;			/* in the order of examples: random, but its own */
	int			nrelevant;		/* at least 1 */
	MMRowId    *relevant;		/* sorted */
	int			nwanted;		/* all those; or if they are very many, some */
	double	   *wanted;			/* their distances, nwanted x m, sorted at first */

	int			nothers;		/* rows found that are not relevant */
	int			others_room;
	MMKnownRow *known;			/* nothers of them, sorted */
	double	   *others;			/* nothers x m */
} MMExample;

/*
 * A table's primary key.
 */
typedef struct MMPrimaryKey
{
	int			n;				/* columns; 0: not looked up */
	const char *names[INDEX_MAX_KEYS];	/* quoted */
	Oid			column_types[INDEX_MAX_KEYS];
	Oid			types[INDEX_MAX_KEYS];	/* the same, or what they are domains over */
	Oid			operators[INDEX_MAX_KEYS];	/* of equality */
} MMPrimaryKey;

typedef struct MMLearner
{
	MemoryContext context;		/* of the examples; for chunks that stay as they are */
	MemoryContext candidates;	/* of others */
	MemoryContext scratch;		/* reset for each row */
	Relation	index;
	Relation	table;			/* that of the index */
	MMColumns  *columns;
	MMMeta	   *statistics;
	MMScales	scales;
	MMSqlStyle	style;
	int			m;				/* columns */
	double		usable[MM_MAX_COLUMNS]; /* 1: the column can have weight; 0 */
	MMPrimaryKey key;
	int			nexamples;
	int			examples_room;
	MMExample  *examples;
	int			max_others;		/* kept of an example */
} MMLearner;

/*
 * mm_weighted: the weighted sum of distances x by m columns.
 */
static inline double
mm_weighted(const double *x, const double *weights, int m)
{
	double		sum = 0.0;

	for (int c = 0; c < m; c++)
		sum += weights[c] * x[c];
	return sum;
}

/* ---------- learner.c ---------- */

/*
 * mm_learner_open: begin to learn weights of an index, plain or partitioned.
 * Raises an error unless it is a valid mmdb index.
 */
extern MMLearner *mm_learner_open(Oid index);
extern void mm_learner_close(MMLearner *learner);

/*
 * mm_learner_run: run SELECT <a row, distance being SQL, or NULL> FROM table
 * <tail>.  receive is called for each row, in learner->scratch, which is then
 * reset.  Rows come by distance, and where that is equal, by their keys: what is
 * learned must not depend on the plan that finds them.
 *
 * mm_learner_order: the same order as a list for ORDER BY, for a tail with a
 * LIMIT that may fall between rows of equal distance.
 */
typedef void (*MMReceiveRow) (MMLearner *learner, const MMRow *row, void *arg);

extern void mm_learner_run(MMLearner *learner, const char *distance, const char *tail,
						   ParamListInfo params, Oid *types, MMReceiveRow receive, void *arg);
extern char *mm_learner_order(MMLearner *learner);

/*
 * mm_learner_prepare: the query values of an example, one for each of its
 * terms, prepared in the current context.
 */
extern void **mm_learner_prepare(MMLearner *learner, const MMExample *example);

/*
 * mm_learner_distances: the distances x (m) of a row from an example.
 */
extern void mm_learner_distances(MMLearner *learner, const MMExample *example, void **prepared,
								 const MMRow *row, double *x);

/*
 * mm_row_compare: for qsort and bsearch of rows, or of structs that begin with
 * their ids.
 */
extern int	mm_row_compare(const void *a, const void *b);

/* ---------- primary_key.c ---------- */

/*
 * mm_key_get: the primary key of the learner's table.  Raises an error if it has
 * none.
 */
extern const MMPrimaryKey *mm_key_get(MMLearner *learner);

/* ---------- keys.c ---------- */

/*
 * mm_key_find: call receive for the row of a key.
 * mm_key_find_all: for the rows of an array of keys; returns how many.
 *
 * They raise errors if the table has no primary key, for keys that do not fit,
 * and those that no row has.
 */
extern void mm_key_find(MMLearner *learner, Oid type, Datum value, MMReceiveRow receive, void *arg);
extern int	mm_key_find_all(MMLearner *learner, Oid type, Datum keys, MMReceiveRow receive, void *arg);

/* ---------- examples.c ---------- */

/*
 * mm_examples_query, mm_examples_json: read examples, from the rows of a query,
 * or from a jsonb array.
 */
extern void mm_examples_query(MMLearner *learner, const char *sql);
extern void mm_examples_json(MMLearner *learner, Datum json);

/*
 * mm_examples_shuffle: put the examples in random order, the same for the same
 * examples and seed, in whatever order they were read.
 */
extern void mm_examples_shuffle(MMLearner *learner, int seed);

/*
 * mm_example_query: begin an example, the query being a row of components, or
 * if by_key the key of a row of the table; of any type, not NULL.
 * mm_example_relevant: give it its relevant rows, by an array of keys.
 *
 * They raise errors for what does not fit.
 */
extern MMExample *mm_example_query(MMLearner *learner, Oid type, Datum query, bool by_key);
extern void mm_example_relevant(MMLearner *learner, MMExample *example, Oid type, Datum keys);

/* ---------- candidates.c ---------- */

/*
 * mm_candidates_add: make a row one of an example's others, unless it is that,
 * or relevant, or the query object.  If they are more than learner->max_others
 * then, the farther half under weights (m) is forgotten.
 */
extern void mm_candidates_add(MMLearner *learner, MMExample *example, void **prepared,
							  const MMRow *row, const double *weights);

/*
 * mm_candidates_search: find the rows nearest to an example under weights (m),
 * depth of them or some more, the query object apart; of rows equally far, those
 * that come first by their keys.  If keep, those not relevant become others.
 * *recall: the part of the relevant rows, or of k if they are more, that are
 * among the first k; *radius: the distance of the last, Infinity if the table has
 * no more.  Returns how many there are, recall not being set if they are fewer
 * than k; -1 if no column of weight takes part in the example.
 */
extern int	mm_candidates_search(MMLearner *learner, MMExample *example, const double *weights,
								 int k, int depth, bool keep, double *recall,
								 double *radius);

/*
 * mm_candidates_random: about so many random rows become others of all
 * examples from first to first + n - 1; where they get too many, those nearest
 * under weights stay.
 */
extern void mm_candidates_random(MMLearner *learner, int first, int n, const double *weights,
								 int rows, int seed);

/*
 * mm_candidates_contrast: an example as the fit wants it, wanted rows only as
 * far as radius under weights.  Reorders example->wanted.
 */
extern MMContrast mm_candidates_contrast(MMLearner *learner, MMExample *example,
										 const double *weights, double radius);

/*
 * mm_normalize_weights: weights (n) divided by their sum; false, and nothing
 * done, if all are 0.
 */
extern bool mm_normalize_weights(const double *w, int n, double *weights);

/* ---------- fit.c ---------- */

/*
 * mm_fit_weights: mm_fit, of the module mmdb_learn.  Raises an error if there is
 * no memory for it.
 */
extern double mm_fit_weights(const MMFitProblem *problem, int steps, double *w);

/* ---------- certainty.c ---------- */

/*
 * mm_certainty_intervals: lower and upper (m each) ends of 95 % intervals of the
 * normalized weights, by fitting again, from w, to samples of the examples,
 * drawn with replacement; of their wanted rows if there are fewer than 5
 * examples.
 */
extern void mm_certainty_intervals(const MMFitProblem *problem, const double *w, int samples,
								   MMRandom *random, double *lower, double *upper);

/*
 * mm_certainty_asked: has any query object a value for a column?
 * mm_certainty_varies: do distances in it differ between rows of an example?
 */
extern bool mm_certainty_asked(const MMLearner *learner, int column);
extern bool mm_certainty_varies(const MMFitProblem *problem, int column);

/*
 * mm_certainty_judge: give columns that the examples say nothing of weight 0,
 * and the interval 0 .. 1; have intervals contain their weights; and warn of
 * columns whose weights may be almost anything.
 */
extern void mm_certainty_judge(const MMLearner *learner, const MMFitProblem *problem,
							   double *weights, bool have_intervals, double *lower,
							   double *upper);

#endif							/* MM_LEARN_H */
