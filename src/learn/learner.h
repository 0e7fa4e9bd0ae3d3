/*-------------------------------------------------------------------------
 *
 * learner.h
 *	  Weights from examples: query objects, and the rows that should be nearest
 *	  to them.
 *
 * A learner is one call of a function that learns.  All its statements go
 * through SPI, read-only, as the calling user and under one snapshot, so a row
 * can be identified by its table and ctid; or else by its key (row_ids.c).
 *
 * The relevant rows of an example are the ones that it lists (wanted).  Its
 * positives are those of them that a fit uses.  Its negatives are
 * rows that are not relevant, and that a fit is to tell from the positives.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LEARNER_H
#define MM_LEARNER_H

#include "storage/itemptr.h"

#include "base/random.h"
#include "learn/fit.h"
#include "query/query.h"

/*
 * Distances are kept for this many relevant rows of an example, from the
 * first.
 */
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
 * One example.  The distances of a row are those from the query object, one
 * for each column, divided by the column's scale.  A distance is 0 if the
 * query object has no value in the column, and 1 if the row has none.
 */
typedef struct MMExample
{
	MMTerms    *terms;			/* the query object */
	bool		is_row;			/* and is it a row of the table? */
	MMRowId		self;			/* then it is no answer */

	uint64		place;			/* in the order of examples: random, but unique */
	int			nrelevant;		/* at least 1 */
	MMRowId    *relevant;		/* sorted */
	int			nwanted;		/* all of these, up to MM_MAX_WANTED */
	double	   *wanted;			/* their distances, nwanted x m, sorted at first */

	int			nnegatives;		/* rows found that are not relevant */
	int			negatives_room;
	MMKnownRow *known;			/* nnegatives of them, sorted */
	double	   *negatives;			/* nnegatives x m */
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

typedef struct MMRowIds MMRowIds;

typedef struct MMLearner
{
	MemoryContext context;		/* of the examples; for chunks that stay as they are */
	MemoryContext candidates;	/* of negatives */
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
	bool		by_key;			/* rows are identified by it */
	MMRowIds   *ids;			/* then: those seen; NULL: none yet */
	double		rows;			/* then: of the table; 0: not counted */
	int			nexamples;
	int			examples_room;
	MMExample  *examples;
	int			max_negatives;		/* kept of an example */
} MMLearner;

/*
 * mm_weighted: the weighted sum of the distances x in m columns.
 */
static inline double
mm_weighted(const double *x, const double *weights, int m)
{
	double		sum = 0.0;

	for (int c = 0; c < m; c++)
		sum += weights[c] * x[c];
	return sum;
}

/* ---------- row_ids.c ---------- */

/*
 * mm_row_ids_create: no rows yet, in the current context.
 *
 * mm_row_id_of_key: the identity of a row with these values of the key, in a table
 * (InvalidOid: keys are unique in all).  Leaks memory.
 */
extern MMRowIds *mm_row_ids_create(const MMPrimaryKey *key);
extern MMRowId mm_row_id_of_key(MMRowIds *ids, Oid table, const Datum *values);

/* ---------- learner.c ---------- */

/*
 * mm_learner_open: begin to learn weights of an index, plain or partitioned.
 * Raises an error unless it is a valid mmdb index.
 */
extern MMLearner *mm_learner_open(Oid index);
extern void mm_learner_close(MMLearner *learner);

/*
 * mm_learner_run: run SELECT <a row, with distance, which is SQL or NULL> FROM
 * table <tail>. receive is called for each row, in learner->scratch, which is
 * then reset.  Rows come by distance, and rows of the same distance by their
 * keys, because what is learned must not depend on the plan that finds them.
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
 * mm_learner_distances: the distances x, m of them, of a row from an example.
 */
extern void mm_learner_distances(MMLearner *learner, const MMExample *example, void **prepared,
								 const MMRow *row, double *x);

/*
 * mm_row_compare: compares rows' ids, for qsort and bsearch of ids or of
 * structs that begin with one.
 */
extern int	mm_row_compare(const void *a, const void *b);

/* ---------- primary_key.c ---------- */

/*
 * mm_key_get: the primary key of the learner's table.  Raises an error if
 * there is none.
 */
extern const MMPrimaryKey *mm_key_get(MMLearner *learner);

/* ---------- keys.c ---------- */

/*
 * mm_key_find: call receive for the row that has a key.
 *
 * mm_key_find_all: call it for the rows that have the keys of an array.
 * Returns how many there are.
 *
 * They raise errors if the table has no primary key, and for keys that do not
 * fit or that no row has.
 */
extern void mm_key_find(MMLearner *learner, Oid type, Datum value, MMReceiveRow receive, void *arg);
extern int	mm_key_find_all(MMLearner *learner, Oid type, Datum keys, MMReceiveRow receive, void *arg);

/* ---------- rows.c ---------- */

/*
 * A query whose rows are read.
 */
typedef struct MMRowsQuery
{
	const char *sql;
	Oid			parameter_type; /* of $1; InvalidOid: there is none */
	Datum		parameter;
	const char *one;			/* what a row is, and what they are, in messages */
	const char *all;
	void		(*begin) (TupleDesc desc, void *arg);	/* checks the columns */
	void		(*receive) (HeapTuple tuple, TupleDesc desc, void *arg);
	void	   *arg;
} MMRowsQuery;

/*
 * mm_rows_read: run a query, read-only, and call receive for each row, in a context
 * that is then reset.  Returns how many rows there are.  Raises an error if it is no
 * query that returns rows, or if what is made of these in the learner's context
 * takes more than maintenance_work_mem.
 */
extern int	mm_rows_read(MMLearner *learner, const MMRowsQuery *query);

/* ---------- examples.c ---------- */

/*
 * mm_examples_query, mm_examples_json: read examples from the rows of a query,
 * or from a jsonb array.
 */
extern void mm_examples_query(MMLearner *learner, const char *sql);
extern void mm_examples_json(MMLearner *learner, Datum json);

/*
 * mm_examples_shuffle: put the examples in random order.  It is the same for
 * the same examples and seed, in whatever order they were read.
 */
extern void mm_examples_shuffle(MMLearner *learner, int seed);

/*
 * mm_example_query: begin an example.  The query, of any type and not NULL, is
 * a query object: a row of components, or a value of type odbvalues or odbquery (whose
 * weights do not count); or if by_key the key of a row of the table.
 *
 * mm_example_is_object: is a value of this type a query object, and no key?
 *
 * mm_example_object: begin an example with a query object that has a component
 * for each of the index's columns.
 *
 * mm_example_relevant: give the example its relevant rows, by an array of
 * keys.
 *
 * They raise errors for arguments that do not fit.
 */
extern bool mm_example_is_object(const MMLearner *learner, Oid type);
extern MMExample *mm_example_query(MMLearner *learner, Oid type, Datum query, bool by_key);
extern MMExample *mm_example_object(MMLearner *learner, OdbQueryParts *object);
extern void mm_example_relevant(MMLearner *learner, MMExample *example, Oid type, Datum keys);

/* ---------- candidates.c ---------- */

/*
 * mm_candidates_add: make a row one of an example's negatives, unless it is
 * one already, or is relevant, or is the query object.  If there are then more
 * than learner->max_negatives, the farther half under these m weights is
 * forgotten.
 */
extern void mm_candidates_add(MMLearner *learner, MMExample *example, void **prepared,
							  const MMRow *row, const double *weights);

/*
 * mm_candidates_search: find the depth rows nearest to an example under these
 * m weights, or a few more, without the query object.  Among rows that are
 * equally far, those that come first by their keys are taken.  If keep, rows
 * that are not relevant become negatives.
 *
 * *recall becomes the fraction of the relevant rows (of k rows if there are
 * more relevant ones) that is among the first k.  It is not set if fewer than
 * k rows are found.  *radius becomes the distance of the last row, or Infinity
 * if the table has no more.  Returns how many rows there are, or -1 if no
 * column that has weight takes part in the example.
 */
extern int	mm_candidates_search(MMLearner *learner, MMExample *example, const double *weights,
								 int k, int depth, bool keep, double *recall,
								 double *radius);

/*
 * mm_candidates_random: make about this many random rows negatives of all
 * examples from first to first + n - 1.  If an example gets too many, those
 * nearest under weights stay.
 */
extern void mm_candidates_random(MMLearner *learner, int first, int n, const double *weights,
								 int rows, int seed);

/*
 * mm_candidates_contrast: an example in the form that the fit wants.  Its
 * positives are the relevant rows that are no farther than radius under
 * weights.  Reorders example->wanted.
 */
extern MMContrast mm_candidates_contrast(MMLearner *learner, MMExample *example,
										 const double *weights, double radius);

/* ---------- fit.c ---------- */

/*
 * mm_fit_weights: call mm_fit, of the module mmdb_learn.  Raises an error if
 * there is no memory for it.
 */
extern double mm_fit_weights(const MMFitProblem *problem, int steps, double *w);

/* ---------- certainty.c ---------- */

/*
 * mm_certainty_intervals: the lower and upper ends (m each) of 95 % intervals
 * of the normalized weights.  The fit is repeated, from w on, with samples of
 * the examples that are drawn with replacement; or with samples of their
 * positives, if there are fewer than 5 examples.
 */
extern void mm_certainty_intervals(const MMFitProblem *problem, const double *w, int samples,
								   MMRandom *random, double *lower, double *upper);

/*
 * mm_certainty_asked: does any query object have a value for a column?
 *
 * mm_certainty_varies: do the distances in a column differ between the rows of
 * some example?
 */
extern bool mm_certainty_asked(const MMLearner *learner, int column);
extern bool mm_certainty_varies(const MMFitProblem *problem, int column);

/*
 * mm_certainty_judge: set the weight of each column that the examples say
 * nothing about to 0, and its interval to 0 ..  1; make intervals contain
 * their weights; and warn of columns whose weights may be almost anything.
 */
extern void mm_certainty_judge(const MMLearner *learner, const MMFitProblem *problem,
							   double *weights, bool have_intervals, double *lower,
							   double *upper);

#endif							/* MM_LEARNER_H */
