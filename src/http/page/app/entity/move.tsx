import { canRemoveLabels, promote, removeLabel, type Target } from '../api/writes.js'

/** "production: v1 → v3" */
export function Move({ label, from, to }: { readonly label: string; readonly from: number | undefined; readonly to: string }) {
  return (
    <>
      <b>{label}</b>: {from === undefined ? 'none' : `v${from}`} → {to}
    </>
  )
}

/** The way back of a promotion; none when the label was nowhere and cannot be removed. */
export function undoOfPromotion(target: Target, label: string, from: number | undefined, to: number) {
  if (from !== undefined) return () => promote(target, from, label, to)
  return canRemoveLabels(target) ? () => removeLabel(target, label) : undefined
}
