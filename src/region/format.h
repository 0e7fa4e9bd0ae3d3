/*-------------------------------------------------------------------------
 *
 * format.h
 *	  Region trees as they are written: a JSON document, kept as jsonb.
 *
 *		{"version": 1, "method": "tree",
 *		 "columns": [{"name": "price", "type": "integer",
 *					  "class": "public.int4_l1_ops", "scale": 350, "origin": [1500]},
 *					 {"name": "title", "type": "text", "class": "public.text_edit_ops", "scale": 30,
 *					  "collation": "pg_catalog.default", "pivot": "..."}],
 *		 "tree": {"column": 0, "at": 1700, "nulls": "left",
 *				  "left": 1, "right": {"column": 1, "at": 9, "left": 2, "right": 3}}}
 *
 * Names have their schemas, so that a tree means the same on every server,
 * whatever its search_path and OIDs.  A number in the tree is a region.  A
 * column with several coordinates has as many origins, and nodes on it have a
 * "coordinate".  "at" is "-Infinity" in a node that only NULLs go left from.
 * Under method "hash", columns have only a name and a type, and nodes compare
 * the hash, from 0 up to 2^32, and have no column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_REGION_FORMAT_H
#define MM_REGION_FORMAT_H

#include "region/region.h"

/* A column as it is written. */
typedef struct MMWrittenColumn
{
	char	   *name;
	char	   *type;
	char	   *opclass;		/* NULL under MM_REGION_HASH */
	char	   *collation;		/* NULL: none */
	char	   *pivot;			/* NULL: none */
	int			dimensions;		/* -1: no such number */
	double		scale;			/* distances are divided by it to compare columns, for
								 * splits; 0: the column takes no part in the tree */
	int			norigins;
	double		origins[METRIC_MAX_RAW_COORDINATES];
} MMWrittenColumn;

typedef struct MMWrittenTree
{
	MMRegionMethod method;
	int			ncolumns;
	MMWrittenColumn *columns;
	int			nregions;
	int		   *regions;		/* their numbers, from left to right */
	int			nnodes;
	MMRegionNode *nodes;		/* a region is -1 - its place in regions */
	int			root;
} MMWrittenTree;

/*
 * mm_region_parse: take a tree apart, in the current context, without a look
 * at the catalogs.  Raises an error if it is not one.
 *
 * mm_region_write: a value of the type mmdb.region_tree.
 */
extern MMWrittenTree *mm_region_parse(Datum value);
extern Datum mm_region_write(const MMWrittenTree *tree);

#endif							/* MM_REGION_FORMAT_H */
