import * as v from 'valibot'
import {
  Cursor,
  integerText,
  Label,
  LabelQuery,
  LimitText,
  Name,
  Project,
  SearchPlaces,
  SearchText,
  VersionText,
  WaitText,
  YesOrNo,
} from '../schemas.js'

const project = v.optional(Project)
const page = { limit: v.optional(LimitText), cursor: v.optional(Cursor) }
const total = v.optional(v.pipe(YesOrNo, v.description('Whether the answer says how many entries there are on all pages.')))

export const RuleListQuery = v.strictObject({
  project,
  active_only: v.optional(YesOrNo),
  name: v.optional(v.pipe(Name(), v.description('Only the versions of exactly this name.'))),
  search: v.optional(SearchText),
  search_in: v.optional(SearchPlaces),
  ...page,
  total,
})
export const ListQuery = v.strictObject({
  ...RuleListQuery.entries,
  label: v.optional(LabelQuery),
  include: v.optional(v.pipe(v.picklist(['content'], 'must be content'), v.description('Long fields too: templates, parameters.'))),
})
export const ReadQuery = v.strictObject({
  project,
  label: v.optional(LabelQuery),
  version: v.optional(VersionText),
  subject: v.optional(v.pipe(v.string('must be given once'), v.description('Whom a rollout decides for.'))),
  min_revision: v.optional(v.pipe(integerText(0), v.description('The answer contains every change up to this revision.'))),
})
export const RuleReadQuery = v.strictObject({ project, version: v.optional(VersionText), min_revision: ReadQuery.entries.min_revision })
export const HistoryQuery = v.strictObject({ project, ...page })
export const DiffQuery = v.strictObject({ project, from: VersionText, to: VersionText })
export const WriteQuery = v.strictObject({ project, wait_for_workers: v.optional(WaitText) })
/** For writes whose body names the project. */
export const WaitQuery = v.strictObject({ wait_for_workers: v.optional(WaitText) })
export const DeleteQuery = v.strictObject({
  project,
  version: v.optional(VersionText),
  force: v.optional(YesOrNo),
  wait_for_workers: v.optional(WaitText),
})
export const RolloutQuery = v.strictObject({
  kind: v.optional(v.string('must be given once')),
  name: v.optional(Name()),
  project,
  label: v.optional(Label),
  status: v.optional(v.picklist(['running', 'paused', 'concluded'], 'must be one of running, paused, concluded')),
  ...page,
})
