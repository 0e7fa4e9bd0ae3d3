/*-------------------------------------------------------------------------
 *
 * am.h
 *	  The access method mmdb: its page layout, its structs, its functions.
 *
 * An index holds, for each of its columns, the metric and statistics of the
 * column's distances.  A column is a metric space: a key column of the index,
 * or, in an index over one composite key, an attribute of that.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_AM_H
#define MM_AM_H

#include "access/amapi.h"
#include "access/genam.h"
#include "common/hashfn.h"
#include "common/relpath.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "storage/bufpage.h"
#include "utils/relcache.h"

#include "metric/metric.h"
#include "mmdb.h"

/* ---------- pages ---------- */

/*
 * Every page ends in this special area.  The magic number comes last, where
 * tools look for the page ids of other access methods.
 */
typedef struct MMPageSpecial
{
	uint16		kind;			/* MM_PAGE_... */
	uint16		flags;			/* none yet */
	uint32		magic;			/* MM_PAGE_MAGIC */
} MMPageSpecial;

#define MM_PAGE_MAGIC	0x4D4D4442	/* "MMDB" */
#define MM_PAGE_META	1

#define MM_META_BLOCK	0
#define MM_META_VERSION 1

#define MMPageGetSpecial(page) ((MMPageSpecial *) PageGetSpecialPointer(page))

/*
 * Statistics of the distances between two random values of a column.
 */
typedef struct MMColumnStatistics
{
	int64		count;			/* values that are not NULL */
	int32		dimensions;		/* of all values; -1: none, or unknown */
	int32		pairs;			/* distances measured */
	float8		mean;			/* of the finite ones; 0 if there are none */
	float8		variance;		/* likewise */
	float8		scale;			/* twice their median; see statistics.c */
} MMColumnStatistics;

/*
 * The metadata, on MM_META_BLOCK.
 */
typedef struct MMMeta
{
	uint32		version;		/* MM_META_VERSION */
	int32		ncolumns;
	int64		rows;			/* of the table when this was measured */
	MMColumnStatistics columns[FLEXIBLE_ARRAY_MEMBER];
} MMMeta;

#define MM_META_SIZE(ncolumns) \
	(offsetof(MMMeta, columns) + sizeof(MMColumnStatistics) * (ncolumns))

/* Statistics of a table of fewer rows are measured again by VACUUM. */
#define MM_SETTLED_ROWS		1000

/* ---------- options ---------- */

typedef struct MMOptions
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			sample_rows;	/* rows to measure distances between */
} MMOptions;

#define MM_DEFAULT_SAMPLE_ROWS	10000
#define MM_MIN_SAMPLE_ROWS		100
#define MM_MAX_SAMPLE_ROWS		1000000

/* ---------- columns ---------- */

typedef struct MMColumn
{
	const char *name;			/* as users know it */
	int			key;			/* which key of the index, from 0 */
	AttrNumber	attribute;		/* which attribute of the composite; or 0 */
	Oid			type;			/* not a domain */
	int16		typlen;
	bool		typbyval;
	Oid			opclass;		/* InvalidOid: the type has no metric */
	MetricSpace space;
} MMColumn;

typedef struct MMColumns
{
	TupleDesc	composite;		/* where the columns are attributes; or NULL */
	int			n;
	MMColumn	columns[MM_MAX_COLUMNS];
} MMColumns;

/* columns.c */

/*
 * mm_columns_open: the columns of an index, plain or partitioned, in the
 * current memory context.  Raises an error for an index mmdb cannot have.
 */
extern MMColumns *mm_columns_open(Relation index);

/*
 * mm_columns_fit: can an index have the columns it has, and are they ncolumns?
 * Not so if its composite type was altered, or an operator class dropped.
 */
extern bool mm_columns_fit(Relation index, int ncolumns);

/*
 * mm_columns_of_composite: the attributes of a composite type as columns, each
 * with its type's default class, in the current memory context.  Attributes
 * without a metric have no opclass.
 */
extern MMColumns *mm_columns_of_composite(Oid type, int32 typmod);

/*
 * mm_columns_require_metric: raise an error if the column has no metric.
 */
extern void mm_columns_require_metric(const MMColumns *columns, int column);

/*
 * mm_columns_values: the columns' values (values, isnull: columns->n each)
 * of a row, given as the values of the index's keys.
 */
extern void mm_columns_values(const MMColumns *columns, Datum *keys,
							  bool *keynulls, Datum *values, bool *isnull);

/*
 * mm_columns_of_record: the same for a composite value.  Leaks memory.
 */
extern void mm_columns_of_record(const MMColumns *columns, Datum record,
								 Datum *values, bool *isnull);

/*
 * mm_columns_check_values: raise an error unless each value has distances and
 * the dimensions its column is known to have.  dimensions, one for each
 * column, -1 where not known, takes up those of the values.  Leaks memory.
 */
extern void mm_columns_check_values(MMColumns *columns, Datum *values,
									const bool *isnull, int32 *dimensions);

/* ---------- sample, statistics, metadata ---------- */

/* sample.c */

/*
 * Random numbers for sampling: the same sequence from the same seed, on every
 * version of PostgreSQL.
 */
typedef struct MMRandom
{
	uint64		seed;
	uint32		count;			/* of numbers drawn */
} MMRandom;

/*
 * mm_random_below: a random integer from 0 to n - 1.
 */
static inline int64
mm_random_below(MMRandom *random, int64 n)
{
	uint64		bits = hash_bytes_uint32_extended(random->count++, random->seed);

	return (int64) ((bits >> 11) * 0x1.0p-53 * n);
}

typedef struct MMSample MMSample;

/*
 * mm_sample_table: read all rows that belong in the index, keep a uniform
 * random sample of at most sample_rows of them, fewer if they would take more
 * than maintenance_work_mem.  *table_rows becomes the live rows of the table.
 * The scan is that of an index build; if concurrent, with an MVCC snapshot
 * taken now.
 */
extern MMSample *mm_sample_table(Relation heap, Relation index,
								 IndexInfo *indexInfo,
								 MMColumns *columns, int sample_rows,
								 bool concurrent, double *table_rows);

/* mm_sample_rows: rows seen; mm_sample_count: values not NULL among them. */
extern int64 mm_sample_rows(const MMSample *sample);
extern int64 mm_sample_count(const MMSample *sample, int column);

/*
 * mm_sample_dimensions: the dimensions all values of a column have, or -1.
 */
extern int32 mm_sample_dimensions(const MMSample *sample, int column);

/*
 * mm_sample_values: the sampled values of a column that are not NULL; values
 * has room for mm_sample_size() of them.  Returns how many.
 */
extern int	mm_sample_size(const MMSample *sample);
extern int	mm_sample_values(const MMSample *sample, int column, Datum *values);

/* statistics.c */

/*
 * mm_statistics_measure: metadata from a sample of a table that has
 * table_rows rows, in the current context.
 */
extern MMMeta *mm_statistics_measure(const MMSample *sample,
									 MMColumns *columns, double table_rows);

/*
 * mm_statistics_get: the statistics of an index; of a partitioned one, the
 * means over its partitions, weighted by their number of values.  A fresh
 * copy, in the current context.
 */
extern MMMeta *mm_statistics_get(Relation index, const MMColumns *columns);

/* meta.c */

/*
 * mm_meta_read: the metadata of a plain index as it is now, in the current
 * context.  Raises an error if the page is not what it should be, or not
 * about ncolumns columns (0: any number).
 */
extern MMMeta *mm_meta_read(Relation index, int ncolumns);

/*
 * mm_meta_create: write metadata as the first page of a new index.
 * mm_meta_update: replace the metadata of an index, but for dimensions that
 * it knows, which go into meta.  Both are WAL-logged.
 * mm_meta_empty: metadata of an index that has seen no rows.
 */
extern void mm_meta_create(Relation index, ForkNumber fork, const MMMeta *meta);
extern void mm_meta_update(Relation index, MMMeta *meta);
extern MMMeta *mm_meta_empty(int ncolumns);

/*
 * mm_meta_settle_dimensions: where the metadata does not know the dimensions
 * of a column, record those given; where it does, return them instead.
 */
extern void mm_meta_settle_dimensions(Relation index, int ncolumns,
									  int32 *dimensions);

/* info.c */

/*
 * mm_index_open: open an index, plain or partitioned, with AccessShareLock.
 * Raises an error if the OID is not that of an mmdb index; NULL if there is no
 * such relation and missing_ok.
 */
extern Relation mm_index_open(Oid oid, bool missing_ok);

/*
 * mm_index_require_readable: raise an error unless the user may read the
 * index's table, or some column of it.
 */
extern void mm_index_require_readable(Relation index);

/* ---------- access method callbacks ---------- */

/* build.c */
extern IndexBuildResult *mmdb_build(Relation heap, Relation index,
									IndexInfo *indexInfo);
extern void mmdb_buildempty(Relation index);
extern bool mmdb_insert(Relation index, Datum *values, bool *isnull,
						ItemPointer heap_tid, Relation heap,
						IndexUniqueCheck checkUnique, bool indexUnchanged,
						IndexInfo *indexInfo);

/* vacuum.c */
extern IndexBulkDeleteResult *mmdb_bulkdelete(IndexVacuumInfo *info,
											  IndexBulkDeleteResult *stats,
											  IndexBulkDeleteCallback callback,
											  void *callback_state);
extern IndexBulkDeleteResult *mmdb_vacuumcleanup(IndexVacuumInfo *info,
												 IndexBulkDeleteResult *stats);

/* cost.c */
extern void mmdb_costestimate(PlannerInfo *root, IndexPath *path,
							  double loop_count, Cost *indexStartupCost,
							  Cost *indexTotalCost,
							  Selectivity *indexSelectivity,
							  double *indexCorrelation, double *indexPages);

/* options.c */
extern void mm_options_init(void);
extern bytea *mmdb_options(Datum reloptions, bool validate);
extern int	mm_options_sample_rows(Relation index);

/* validate.c */
extern bool mmdb_validate(Oid opclassoid);

#endif							/* MM_AM_H */
