// A state change that the control plane will never accept.

export class ReportRefused extends Error {
  override readonly name = 'ReportRefused';
}
