import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A virtual environment with what requirements.txt names, made once under node_modules. @returns its Python */
export function pythonIn(root: string): string {
  const wanted = join(import.meta.dirname, 'requirements.txt')
  const venv = join(root, 'node_modules/.cache/docs-python')
  const [python, mark] = [join(venv, 'bin/python'), join(venv, 'farebox-requirements.txt')]
  const text = readFileSync(wanted, 'utf8')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === text) return python
  rmSync(venv, { recursive: true, force: true })
  mkdirSync(venv, { recursive: true })
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', wanted], {
    stdio: 'inherit',
  })
  writeFileSync(mark, text)
  return python
}
