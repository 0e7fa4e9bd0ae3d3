/*-------------------------------------------------------------------------
 *
 * cost_model.h
 *	  The constants of what searches cost.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_COST_MODEL_H
#define MM_COST_MODEL_H

/*
 * cost_model.c, which sets these constants, tells how they were found.
 */
typedef struct MMCostModel
{
	/* What a search does. */
	double		entries_per_candidate;
	double		candidates_per_row;
	double		unknown_radius;
	double		assumed_dimension;
	double		rows_besides;
	double		filter_exponent;

	/* What that costs the planner, in units of its settings. */
	double		beginning;		/* cpu_operator_cost */
	double		bounding;		/* cpu_operator_cost, for an entry */
	double		index_pages_per_miss;	/* pages for one random_page_cost */
	double		table_pages_per_miss;
	double		fetching;		/* cpu_tuple_cost, for a row */
	double		keeping;		/* cpu_tuple_cost, for a row */
	double		expensive_qual; /* cpu_operator_cost */
	double		expensive_by_distances;

	/* When the executor gives up a search. */
	int			rows_per_verification;
	int			filtered_rows_per_verification;
	int			entries_per_verification;
	int			entries_per_page;
	int			entries_per_row;
	int			postings_per_entry;

	/* What a search of an inverted index does. */
	double		postings_per_row;
	int			refinements_per_verification;
} MMCostModel;

extern MMCostModel mm_cost_model;

/*
 * mm_cost_model_init: define the settings that change some of these, for servers
 * where things take longer or less (mm_calibrate).
 */
extern void mm_cost_model_init(void);

#endif							/* MM_COST_MODEL_H */
