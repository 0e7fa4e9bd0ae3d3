/*-------------------------------------------------------------------------
 *
 * mmdb.h
 *	  What every part of mmdb shares: the limits a user can meet.
 *
 * The same numbers stand in docs/reference.md, "Limits".
 *
 *-------------------------------------------------------------------------
 */
#ifndef MMDB_H
#define MMDB_H

/* Dimensions of an mmvector: as many as pgvector's vector takes. */
#define MM_MAX_DIMS		16000

/* Columns of an index; also attributes of an indexed composite, and of the
 * object in an odbquery. */
#define MM_MAX_COLUMNS	INDEX_MAX_KEYS

/* Lengths of pgvector's vectors under cosine, besides 0 (bridges/vector). */
#define MM_LEAST_COSINE_LENGTH	1e-15
#define MM_MOST_COSINE_LENGTH	1e18

/* Levels of conditions within conditions, and number of conditions, in the JSON
 * of odb_query. */
#define MM_MAX_QUERY_DEPTH		32
#define MM_MAX_QUERY_CONDITIONS	256

/* Name of the access method, as CREATE INDEX ... USING spells it. */
#define MM_AM_NAME		"mmdb"

#endif							/* MMDB_H */
